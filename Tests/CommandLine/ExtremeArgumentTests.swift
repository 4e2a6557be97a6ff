// Extreme values at the command line: parsed or refused with exit code 64, never a trap.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletCommandLine

@Suite struct ExtremeArgumentTests {
  private static let values = [
    "0", "-0", "1", "-1", "0.5", "1e-30", "-1e-30", "1e300", "-1e300", "inf", "-inf", "nan", "none",
    "17", "64", "65", "1000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "18446744073709551616", "1,2", "0,inf", "nan,1", "1e18,1e19", "",
  ]

  /// What the tool says about itself, of which this is a part.
  private struct Description: Decodable { var command: Command }

  private struct Command: Decodable {
    var commandName: String
    var subcommands: [Command]?
    var arguments: [Argument]?
  }

  private struct Argument: Decodable {
    struct Name: Decodable { var kind, name: String }
    var kind: String
    var isOptional: Bool
    var preferredName: Name?
    var allValues: [String]?

    var value: String { allValues?.first ?? "talk.flac" }
    /// As it is written before a value.
    var option: String? {
      guard kind == "option", let preferredName else { return nil }
      return (preferredName.kind == "long" ? "--" : "-") + preferredName.name
    }
  }

  /// Subcommands with what they need at least, and the options that take a value.
  private static let commands = Result { try readCommands() }

  private static func readCommands() throws -> [(arguments: [String], options: [String])] {
    let data = Data(SwiftletCommand._dumpHelp().utf8)
    func flat(_ command: Command, after names: [String]) -> [(arguments: [String], options: [String])] {
      if let subcommands = command.subcommands, !subcommands.isEmpty {
        return subcommands.filter { $0.commandName != "help" }
          .flatMap { flat($0, after: names + [$0.commandName]) }
      }
      let arguments = command.arguments ?? []
      let needed = arguments.filter { $0.kind == "positional" || $0.kind == "option" && !$0.isOptional }
      return [
        (
          names + needed.flatMap { ($0.option.map { [$0] } ?? []) + [$0.value] },
          arguments.compactMap(\.option)
        )
      ]
    }
    return flat(try JSONDecoder().decode(Description.self, from: data).command, after: [])
  }

  /// Every option of every subcommand, with every value.
  @Test(.slow) func everyValueIsParsedOrRefused() throws {
    let commands = try Self.commands.get()
    #expect(commands.count > 12)
    var (parsed, refused) = (0, 0)
    for (needed, options) in commands {
      for option in options {
        for value in Self.values {
          let arguments = needed + (option.hasPrefix("--") ? ["\(option)=\(value)"] : [option, value])
          do {
            let command = try SwiftletCommand.parseAsRoot(arguments)
            if let transcribe = command as? Transcribe {
              #expect(!transcribe.transcription.options.fallback.temperatures.isEmpty)
            }
            parsed += 1
          } catch {
            #expect(SwiftletCommand.exitCode(for: error) == .validationFailure, "\(arguments)")
            #expect(!SwiftletCommand.message(for: error).isEmpty)
            refused += 1
          }
        }
      }
    }
    #expect(parsed > 500 && refused > 500, "\(parsed), \(refused)")
  }

  /// The extremes reach the options that take numbers.
  @Test(arguments: [
    "--temperature", "--max-initial-timestamp", "--hallucination-silence-threshold", "--beam-size",
    "--patience",
    "--best-of", "--length-penalty", "--compression-ratio-threshold", "--logprob-threshold", "--seed",
    "--repetition-penalty", "--no-repeat-ngram-size", "--batch-size", "--tail-margin", "--tail-step",
    "--threads", "--max-line-width",
  ])
  func whatIsNoNumberIsRefused(option: String) throws {
    let options = try Self.commands.get().first { $0.arguments.first == "transcribe" }?.options
    #expect(options?.contains(option) == true)
    #expect(throws: (any Error).self) {
      try SwiftletCommand.parseAsRoot(["transcribe", "talk.flac", option, "many"])
    }
  }

  @Test(arguments: [
    "--temperature-increment-on-fallback=1e-30", "--temperature=-inf", "--temperature=nan",
    "--temperature-increment-on-fallback=-1", "--temperature=1e300",
  ])
  func temperaturesThatCannotBeAreRefused(argument: String) async throws {
    let outcome = try await Tool.run(["transcribe", Fixtures.url("speech/jfk.flac").path, argument])
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("Error: ") && outcome.errors.contains("temperature"))
  }

  @Test func temperaturesRiseToOne() throws {
    func temperatures(_ arguments: String...) throws -> [Double] {
      let command = try Transcribe.parse(["talk.flac"] + arguments)
      return command.transcription.options.fallback.temperatures
    }
    #expect(
      try temperatures() == TranscriptionOptions().fallback.temperatures.indices.map { Double($0) * 0.2 })
    #expect(try temperatures("--temperature-increment-on-fallback", "none") == [0])
    #expect(try temperatures("--temperature-increment-on-fallback", "0") == [0])
    #expect(
      try temperatures("--temperature", "0.5", "--temperature-increment-on-fallback", "0.5") == [0.5, 1])
  }
}
