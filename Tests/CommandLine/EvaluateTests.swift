// `swiftlet evaluate` and `swiftlet dataset`, run as a user runs them.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct EvaluateTests {
  private let temporary = TestFolder()
  private var folder: URL { temporary.url }

  /// Three recordings, of which the last is missing.
  init() throws {
    let speech = Fixtures.url("speech").path
    try write(
      """
      audio\ttext
      \(speech)/jfk.flac\tAnd so my fellow Americans: ask not what your country can do for you, ask what you can do for \
      your country.
      \(speech)/1272-128104-0000.flac\tMISTER QUILTER IS THE APOSTLE OF THE MIDDLE CLASSES AND WE ARE GLAD TO WELCOME \
      HIS GOSPEL
      \(speech)/missing.flac\tNOTHING
      """, "manifest.tsv")
  }

  private func write(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func evaluate(_ arguments: String...) async throws -> Tool.Outcome {
    try await Tool.run(["evaluate", folder.path, "--precision", "fp32", "--tail", "exact"] + arguments)
  }

  private struct Report: Decodable {
    struct Run: Decodable {
      struct Words: Decodable {
        var hits: Int
        var rate: Double
      }
      struct Utterance: Decodable { var seconds: Double }
      var words: Words
      var utterances: [Utterance]
    }
    var runs: [Run]
  }

  private func report(_ name: String) throws -> Report {
    try JSONDecoder().decode(Report.self, from: Data(contentsOf: folder.appending(path: name)))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func aMissingRecordingIsListedAndTheOthersAreScored()
    async throws
  {
    let outcome = try await evaluate(
      "--json", path("a.json"), "--html", path("a.html"), "--results", path("a.jsonl"))
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("tiny.en  fp32"))
    #expect(!outcome.output.contains("\u{1B}"), "no colours where nobody looks")
    #expect(outcome.errors.contains("manifest.tsv:4: there is no file"))
    let run = try #require(report("a.json").runs.first)
    #expect(run.words.hits == 39 && run.words.rate == 0)
    #expect(try String(contentsOfFile: path("a.html"), encoding: .utf8).contains("missing.flac"))

    // The journal holds all: the same times again, in no time.
    let again = try await evaluate("--json", path("b.json"), "--results", path("a.jsonl"), "--skip-bad")
    #expect(again.status == 0)
    #expect(try report("b.json").runs.first?.utterances.map(\.seconds) == run.utterances.map(\.seconds))

    let other = try await evaluate("--results", path("a.jsonl"), "--threads", "1")
    #expect(other.status == 64)
    #expect(other.errors.contains("contains results of another run"))

    // A program that differs in one byte may compute other texts.
    let changed = folder.appending(path: "swiftlet")
    try (Data(contentsOf: Tool.url) + [0]).write(to: changed)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: changed.path)
    let rebuilt = try await Tool.run(
      ["evaluate", folder.path, "--precision", "fp32", "--tail", "exact", "--results", path("a.jsonl")],
      of: changed,
      environment: ["LD_LIBRARY_PATH": Tool.url.deletingLastPathComponent().path])
    #expect(rebuilt.status == 64)
    #expect(rebuilt.errors.contains("contains results of another run"))
  }

  @Test(.slow) func whatIsNoDataSetIsRefused() async throws {
    let nowhere = try await Tool.run(["evaluate", "/nowhere"])
    #expect(nowhere.status == 1 && nowhere.errors == "Error: /nowhere: there is no such file or folder.\n")
    #expect(try await Tool.run(["evaluate"]).status == 64)
    #expect(try await evaluate("--json", "/nowhere/a.json").status == 64)
    #expect(try await evaluate("--precision", "int9").status == 64)
    #expect(try await evaluate("--language", "fr").status == 64)
    #expect(try await evaluate("--model", "tiny.em").status == 2)
  }

  @Test func anArchiveOfLibriSpeechThatIsAnotherFileIsRefused() async throws {
    try write("an error page", "test-clean.tar.gz")
    let outcome = try await Tool.run(["dataset", "librispeech", "--split", "test-clean", "-o", folder.path])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("should be 32fa31d27d2e1cad72775fee3f4849a9"))
    let done = folder.appending(path: "LibriSpeech/test-clean")
    try FileManager.default.createDirectory(at: done, withIntermediateDirectories: true)
    let again = try await Tool.run(["dataset", "librispeech", "--split", "test-clean", "-o", folder.path])
    #expect(again.status == 0 && again.output == done.path + "\n")
    #expect(try await Tool.run(["dataset", "librispeech", "--split", "test"]).status == 64)
  }
}
