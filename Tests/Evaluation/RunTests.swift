// Runs: scores, problems on the way, going on after an interruption.

import Foundation
import SwiftletEvaluation
import Testing

@Suite struct RunTests {
  /// Three recordings of 2 s each; what a recognizer makes of them is in ``hypotheses``.
  private let data: TemporaryDataset
  private let dataset: Dataset
  private static let hypotheses = ["a": "the cat sat", "b": "a dog", "c": "no sound at all"]

  init() throws {
    data = try TemporaryDataset([
      "manifest.csv": """
      id,audio,text,language
      a,a.wav,the cat sat,en
      b,b.wav,a big dog,en
      c,c.wav,no sounds,en
      """, "a.wav": "x", "b.wav": "xx", "c.wav": "xxx",
    ])
    dataset = try Dataset.open(data.path)
  }

  private func run(precision: String = "fp32", tail: String = "exact") -> RunIdentity {
    RunIdentity(
      dataset: dataset.path, model: "tiny.en", publishedModel: "tiny.en",
      digest: "0123456789abcdef", precision: precision, options: ["tail": tail], version: "1")
  }

  private func journal(_ runs: RunIdentity..., file: String = "journal.jsonl") throws -> Journal {
    try Journal(data.url(file), runs: runs)
  }

  private struct Failure: Error, CustomStringConvertible { let description = "no sound in it" }

  /// Runs, and tells which utterances were transcribed; those in `failing` can't be, and `stop` ends the work.
  private func evaluate(
    _ run: RunIdentity, _ journal: Journal, failing: Set<String> = [], stop: String? = nil
  ) async throws -> (RunResult, transcribed: [String]) {
    var transcribed: [String] = []
    let result = try await SwiftletEvaluation.evaluate(
      dataset, as: run, normalization: Normalization.none, journal: journal, peakMemory: { 5 << 20 },
      progress: { _ in }
    ) { utterance in
      if utterance.id == stop { throw CancellationError() }
      if failing.contains(utterance.id) { throw Failure() }
      transcribed.append(utterance.id)
      return Recognition(
        text: Self.hypotheses[utterance.id] ?? "", language: "en", duration: 2, seconds: 0.5)
    }
    return (result, transcribed)
  }

  @Test func scoresAddUp() async throws {
    let (result, transcribed) = try await evaluate(run(), try journal(run()))
    #expect(transcribed == ["a", "b", "c"])
    #expect(result.words == EditCounts(hits: 6, substitutions: 1, deletions: 1, insertions: 2))
    #expect(result.utterances.map(\.score.words.errors) == [0, 1, 3])
    #expect(result.interval?.contains(0.5) == true)
    #expect(result.duration == 6 && result.seconds == 1.5 && result.speed == 4)
    #expect(result.peakMemory == 5 << 20)
    #expect(result.worst(5).map(\.utterance.id) == ["c", "b"])
    #expect(result.publishedRate == nil, "it is not test-clean")
  }

  @Test func whatFailsIsToldAndTheRestIsScored() async throws {
    let (result, _) = try await evaluate(run(), try journal(run()), failing: ["b"])
    #expect(result.utterances.map(\.utterance.id) == ["a", "c"])
    #expect(result.failures.map(\.description) == ["b: no sound in it"])
    // A failure is not kept: the next run tries again.
    let (again, transcribed) = try await evaluate(run(), try journal(run()))
    #expect(transcribed == ["b"] && again.failures.isEmpty && again.utterances.count == 3)
  }

  @Test func anInterruptedRunGoesOn() async throws {
    await #expect(throws: CancellationError.self) {
      try await evaluate(run(), try journal(run()), stop: "c")
    }
    let (result, transcribed) = try await evaluate(run(), try journal(run()))
    #expect(transcribed == ["c"])
    let (whole, _) = try await evaluate(run(), try journal(run(), file: "other.jsonl"))
    #expect(result.words == whole.words && result.interval == whole.interval)
    #expect(result.utterances.map(\.hypothesis) == whole.utterances.map(\.hypothesis))
  }

  @Test func aRecordingThatChangedIsTranscribedAgain() async throws {
    _ = try await evaluate(run(), try journal(run()))
    try data.write("longer", to: "b.wav")
    #expect(try await evaluate(run(), try journal(run())).transcribed == ["b"])
  }

  @Test func aLineCutShortIsTakenOff() async throws {
    _ = try await evaluate(run(), try journal(run()))
    let file = data.url("journal.jsonl")
    let bytes = try Data(contentsOf: file)
    try bytes.dropLast(10).write(to: file)
    #expect(try await evaluate(run(), try journal(run())).transcribed == ["c"])
    #expect(try Data(contentsOf: file) == bytes)
  }

  @Test func severalRunsShareAJournalAndMoreCanJoin() async throws {
    let (one, two) = (run(), run(precision: "int8"))
    _ = try await evaluate(one, try journal(one))
    let both = try journal(one, two)
    #expect(try await evaluate(two, both).transcribed == ["a", "b", "c"])
    let again = try journal(two, one)
    #expect(try await evaluate(one, again).transcribed.isEmpty)
    #expect(try await evaluate(two, again).transcribed.isEmpty)
  }

  @Test func theJournalOfAnotherRunIsRefusedAndLeftAlone() async throws {
    _ = try await evaluate(run(), try journal(run()))
    let file = data.url("journal.jsonl")
    let before = try Data(contentsOf: file)
    for other in [run(tail: "fold"), run(precision: "int8")] {
      let error = #expect(throws: JournalError.self) { try journal(other) }
      #expect(
        error?.description.contains("another run: tiny.en (0123456789ab) at fp32 on \(data.path)") == true)
      #expect(error?.description.contains("tail exact, version 1") == true)
    }
    #expect(try Data(contentsOf: file) == before)
  }

  @Test func whatIsNoJournalIsRefusedAndLeftAlone() throws {
    for contents in ["my notes", "my notes\n", "{\"audio\": \"a.wav\"}\n"] {
      try data.write(contents, to: "notes.jsonl")
      #expect(throws: JournalError.notAJournal(file: data.path("notes.jsonl"))) {
        try journal(run(), file: "notes.jsonl")
      }
      #expect(try String(contentsOf: data.url("notes.jsonl"), encoding: .utf8) == contents)
    }
    _ = try journal(run())
    let file = data.url("journal.jsonl")
    try (try Data(contentsOf: file) + Data("{}\n".utf8)).write(to: file)
    #expect(throws: JournalError.malformedLine(file: data.path("journal.jsonl"), line: 2)) {
      try journal(run())
    }
    #expect(throws: JournalError.self) { try journal(run(), file: "nowhere/journal.jsonl") }
  }

  @Test func namesOfJournalsTellRunsApart() {
    let names = [[run()], [run(tail: "fold")], [run(), run(tail: "fold")]].map {
      RunIdentity.fileName(of: $0)
    }
    #expect(Set(names).count == 3)
    #expect(
      RunIdentity.fileName(of: [run(tail: "fold"), run()]) == names[2], "the order does not matter")
  }
}
