// Which language is detected: among all or a few, and how probable it is said to be.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite struct LanguageChoiceTests {
  private let french = Fixtures.url("speech/fr/play_help.flac").path
  private let spanish = Fixtures.url("speech/es/agent-incorrect.flac").path

  private func multilingual() async throws -> Transcriber {
    try await TestModels.transcriber("base")
  }

  private func options(
    _ candidates: [String], _ change: (inout TranscriptionOptions) -> Void = { _ in }
  ) -> TranscriptionOptions {
    var options = TranscriptionOptions()
    options.languageCandidates = candidates
    change(&options)
    return options
  }

  /// Of Italian and Japanese, a Spanish recording is in Italian.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func onlyCandidatesAreDetected() async throws {
    let transcriber = try await multilingual()
    for change: (inout TranscriptionOptions) -> Void in [
      { _ in }, { $0.sequential = true }, { $0.detectLanguagePerWindow = true },
      { ($0.sequential, $0.detectLanguagePerWindow) = (true, true) },
    ] {
      for (candidates, code) in [(["Japanese", "IT"], "it"), (["en", "es"], "es")] {
        let segments = try await transcriber.transcribe(
          .file(path: spanish), options: options(candidates, change)
        ).segments
        #expect(!segments.isEmpty && Set(segments.map(\.language)) == [code])
        #expect(segments.allSatisfy { ($0.languageProbability ?? 0) > 0.5 })
      }
    }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func theRankingIsOfCandidates() async throws {
    let transcriber = try await multilingual()
    let all = try await transcriber.detectLanguage(of: .file(path: french))
    let few = try await transcriber.detectLanguage(
      of: .file(path: french), candidates: ["de", "French", "en"])
    #expect(few.map(\.code) == all.map(\.code).filter { ["de", "fr", "en"].contains($0) })
    #expect((few.map(\.probability).reduce(0, +) - 1).magnitude < 1e-6)
    let share = all.filter { ["de", "fr", "en"].contains($0.code) }.map(\.probability).reduce(0, +)
    for (one, other) in zip(few, all.filter { ["de", "fr", "en"].contains($0.code) }) {
      #expect((one.probability - other.probability / share).magnitude < 1e-5)
    }
    #expect(
      try await transcriber.detectLanguage(of: .file(path: french), candidates: ["ja"]).map(\.code) == ["ja"])
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func aStreamIsInOneOfTheCandidates() async throws {
    let transcriber = try await multilingual()
    var streaming = StreamingOptions()
    streaming.skipsSteps = false
    for (candidates, code) in [([], "fr"), (["es", "pt"], "es")] {
      var last: StreamingUpdate?
      for try await update in transcriber.stream(
        .file(path: french), options: options(candidates), streaming: streaming)
      {
        last = update
      }
      if candidates.isEmpty {
        #expect(last?.language == code)
      } else {
        #expect(candidates.contains(last?.language ?? ""))
      }
      #expect((0.3...1).contains(last?.languageProbability ?? 0))
    }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func autoIsDetectedAndWhatIsGivenHasNoProbability()
    async throws
  {
    let transcriber = try await multilingual()
    for name in [nil, "auto", "AUTO"] {
      let segments = try await transcriber.transcribe(
        .file(path: french), options: TranscriptionOptions(language: name)
      ).segments
      let transcript = Transcript(segments: segments)
      #expect(transcript.language == "fr")
      #expect((0.5...1).contains(transcript.languageProbability ?? 0))
      let json = try transcript.formatted(as: .jsonFull)
      #expect(json.contains("\"language_probability\":0."))
      #expect(try !transcript.formatted(as: .json).contains("probability\":0.9"))
    }
    let given = try await transcriber.transcribe(
      .file(path: french), options: TranscriptionOptions(language: "French")
    ).segments
    #expect(!given.isEmpty && given.allSatisfy { $0.language == "fr" && $0.languageProbability == nil })
    #expect(try !Transcript(segments: given).formatted(as: .jsonFull).contains("language_probability"))
    let english = try await TestModels.transcriber()
    let jfk = Fixtures.url("speech/jfk.flac").path
    let segments = try await english.transcribe(
      .file(path: jfk), options: TranscriptionOptions(language: "auto")
    ).segments
    #expect(segments.first?.language == "en" && segments.first?.languageProbability == nil)
  }

  @Test(.slow) func candidatesThatCannotBeAreRefused() async throws {
    let transcriber = try await multilingual()
    for (wrong, message) in [
      (options(["en", "Frensh"]), "did you mean french"), (options([""]), "no language"),
      (options(["yue"]), "does not know the language yue"),
      (options(["en", "fr"]) { $0.language = "fr" }, "exclude each other"),
    ] {
      let error = #expect(throws: SwiftletError.self) { try transcriber.check(wrong) }
      #expect(error?.description.contains(message) == true)
    }
    try transcriber.check(options(["en", "fr"]) { $0.language = "auto" })
    await #expect(throws: SwiftletError.self) {
      try await transcriber.detectLanguage(of: .file(path: french), candidates: ["klingon"])
    }
    let english = try await TestModels.transcriber()
    let error = #expect(throws: SwiftletError.self) { try english.check(options(["en"])) }
    #expect(error?.description.contains("English only") == true)
  }
}
