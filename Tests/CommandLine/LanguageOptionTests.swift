// The tool and languages: which are detected, what is said of them, and of recordings on the way.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct LanguageOptionTests {
  private let temporary = TestFolder()
  private var folder: URL { temporary.url }
  private let french = Fixtures.url("speech/fr/play_help.flac").path
  private let jfk = Fixtures.url("speech/jfk.flac").path

  private func run(_ arguments: String...) async throws -> Tool.Outcome { try await Tool.run(arguments) }

  /// Runs a script in a folder of its own; `$1` is the tool, `$2` the recording of 11 s.
  private func script(_ script: String) async throws -> Tool.Outcome {
    return try await Tool.run(
      ["-c", "cd \"$0\" && { \(script)\n}", folder.path, Tool.url.path, jfk], of: URL(filePath: "/bin/sh"))
  }

  private struct Line: Decodable {
    var language: String?
    var languageProbability: Double?
    var segments: [Segment]?
    var languages: [Language]?
    struct Segment: Decodable {
      var language: String
      var languageProbability: Double?
    }
    struct Language: Decodable { var code: String }
  }

  private func lines(_ outcome: Tool.Outcome) throws -> [Line] {
    try outcome.output.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func theDetectedLanguageIsToldOnce() async throws {
    let outcome = try await run("transcribe", "-m", "base", "-l", "Auto", "--json", french)
    #expect(outcome.status == 0)
    let told = outcome.errors.split(separator: "\n").filter { $0.contains("etected language") }
    #expect(told.count == 1 && told.first?.hasPrefix("Detected language: French (probability ") == true)
    let line = try #require(lines(outcome).first)
    #expect(line.language == "fr" && (0.5...1).contains(line.languageProbability ?? 0))
    #expect(line.segments?.first?.languageProbability == line.languageProbability)

    let given = try await run("transcribe", "-m", "base", "-l", "fr", "--json", french)
    #expect(!given.errors.contains("etected language"))
    #expect(!given.output.contains("languageProbability"))

    let two = try await run(
      "transcribe", "-m", "base", "--language-candidates", "German, french", french, jfk)
    #expect(two.status == 0)
    #expect(two.errors.contains("play_help.flac: detected language: French (probability "))
    #expect(two.errors.contains("jfk.flac: detected language: "))
    #expect(!two.errors.contains("English"))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func candidatesAreTakenByEveryCommand() async throws {
    let detected = try await run(
      "transcribe", "-m", "base", "--detect-language", "--json", "--language-candidates", "en,fr,de", french)
    #expect(try lines(detected).first?.languages?.first?.code == "fr")
    #expect(try lines(detected).first?.languages?.count == 3)

    let stream = try await run("stream", "-m", "base", "-l", "auto", "--json", french)
    #expect(stream.status == 0)
    #expect(try lines(stream).last?.language == "fr")
    #expect(stream.errors.components(separatedBy: "Detected language: French").count == 2)
    let among = try await run("stream", "-m", "base", "--language-candidates", "de", french)
    #expect(among.errors.contains("Detected language: German (probability 1.00)"))

    _ = try await script(
      #"""
      cp "$2" other.flac; printf 'audio\ttext\tlanguage\n%s\tAsk\ten\nother.flac\tAsk\t\n' "$2" > manifest.tsv
      """#)
    let evaluated = try await run(
      "evaluate", "-m", "base", "--language-candidates", "en,fr", "--results",
      folder.appending(path: "r.jsonl").path,
      folder.appending(path: "manifest.tsv").path)
    #expect(evaluated.status == 0)
  }

  @Test(
    .slow,
    arguments: [
      (["-m", "base", "--language-candidates", "en,klingon"], "no language \"klingon\""),
      (["-m", "base", "--language-candidates", "en,fr", "-l", "fr"], "exclude each other"),
      (["-m", "tiny.en", "--language-candidates", "en,fr"], "English only"),
      (["-m", "base", "--language-candidates", ","], "language-candidates"),
    ])
  func candidatesThatCannotBeAreRefused(_ arguments: [String], _ message: String) async throws {
    for command in [["transcribe"], ["transcribe", "--detect-language"], ["stream"]] {
      let outcome = try await Tool.run(command + arguments + [french])
      #expect(outcome.status == 64)
      #expect(outcome.output.isEmpty)
      #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func tracksThatAreNotUsedAreToldEverywhere() async throws {
    let made = try await script(
      #"ffmpeg -v error -i "$2" -i "$2" -map 0:a -map 1:a -c:a aac two.mkv"#)
    try #require(made.status == 0)
    let two = folder.appending(path: "two.mkv").path
    for arguments in [
      ["transcribe"], ["transcribe", "-m", "base", "--detect-language"], ["stream"], ["vad"],
    ] {
      let outcome = try await Tool.run(arguments + [two])
      #expect(outcome.status == 0)
      #expect(outcome.errors.components(separatedBy: "two.mkv has 2 audio tracks; using 1").count == 2)
    }
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func speechBeforeTheDamageIsFound() async throws {
    let made = try await script(#"head -c 700000 "$2" > cut.flac"#)
    try #require(made.status == 0)
    let cut = folder.appending(path: "cut.flac").path
    let outcome = try await run("vad", cut)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("cut.flac is cut short"))
    let whole = try await run("vad", jfk).output.split(separator: "\n")
    let found = outcome.output.split(separator: "\n")
    #expect(found.count > 1 && Array(found.dropLast()) == Array(whole.prefix(found.count - 1)))
    let json = try await run("vad", "--json", cut)
    #expect(json.status == 1)
    #expect(json.output.contains("\"error\":\"") && json.output.contains("\"start\":"))
    #expect(try await run("vad", "--probabilities", cut).output.split(separator: "\n").count > 100)
  }
}
