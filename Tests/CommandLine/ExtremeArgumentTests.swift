// Extreme numbers at the command line: parsed or refused with exit code 64, never a trap.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletTestSupport
import Testing

@testable import SwiftletCommandLine

@Suite struct ExtremeArgumentTests {
  private static let values = [
    "0", "-0", "1", "-1", "0.5", "1e-30", "-1e-30", "1e300", "-1e300", "inf", "-inf", "nan", "none",
    "17", "64", "65", "1000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "18446744073709551616", "1,2", "0,inf", "nan,1", "1e18,1e19", "",
  ]

  private static let options: [(command: any ParsableCommand.Type, names: [String])] = [
    (
      Transcribe.self,
      [
        "--temperature", "--temperature-increment-on-fallback", "--max-initial-timestamp",
        "--hallucination-silence-threshold", "--beam-size", "--patience", "--best-of", "--length-penalty",
        "--compression-ratio-threshold", "--logprob-threshold", "--no-speech-threshold", "--seed",
        "--suppress-tokens", "--repetition-penalty", "--no-repeat-ngram-size", "--batch-size",
        "--clip-timestamps", "--tail-margin", "--tail-step", "--concurrency", "--threads", "-j",
        "--max-line-width", "--max-line-count", "--max-words-per-line",
      ]
    ),
    (Stream.self, ["--rate", "--step", "--buffer-limit", "--threads"]),
    (
      VoiceActivityCommand.self,
      ["--threshold", "--exit-threshold", "--min-speech", "--max-speech", "--min-silence", "--padding"]
    ),
    (Evaluate.self, ["--threads", "--show", "--temperature", "--batch-size"]),
    (Compare.self, ["--passes", "--limit", "--threads"]), (Doctor.self, ["--threads"]),
  ]

  @Test func everyNumberIsParsedOrRefused() {
    var parsed = 0
    for (command, names) in Self.options {
      for name in names {
        for value in Self.values {
          let arguments = ["talk.flac"] + (name.hasPrefix("--") ? ["\(name)=\(value)"] : [name, value])
          do {
            let command = try command.parse(command == Doctor.self ? Array(arguments.dropFirst()) : arguments)
            if let transcribe = command as? Transcribe {
              #expect(!transcribe.transcription.options.fallback.temperatures.isEmpty)
            }
            parsed += 1
          } catch {
            #expect(command.exitCode(for: error) == .validationFailure, "\(arguments)")
            #expect(!command.message(for: error).isEmpty)
          }
        }
      }
    }
    #expect(parsed > 200)
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
