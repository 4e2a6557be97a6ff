// Real speech through the real models: the same tokens as transformers and openai-whisper.

import Foundation
import Swiftlet
import SwiftletTestSupport
import Testing

/// `Tests/Fixtures/speech/tokens.json`, recorded by `Scripts/fixtures/speech.py`.
private struct RecordedTokens: Decodable {
  var language: String
  /// Tokens of each 30 s window, by transformers.
  var silence: [[Int]]
  /// The same by openai-whisper.
  var zeros: [[Int]]
}

@Suite struct SpeechTests {
  /// Fetches the model on first use, as any user's call does.
  @Test(
    .enabled(if: Fixtures.readsMedia), arguments: ["tiny.en", "base"], TranscriptionOptions.Padding.allCases)
  func tokensAreTheReferences(name: String, padding: TranscriptionOptions.Padding) async throws {
    let data = try Data(contentsOf: Fixtures.url("speech/tokens.json"))
    let models = try JSONDecoder().decode([String: [String: RecordedTokens]].self, from: data)
    let recordings = try #require(models[name])
    #expect(recordings.count >= (name == "base" ? 11 : 7))
    let transcriber = try Transcriber(
      model: try await ModelStore().resolve(name), precisions: EnginePrecisions(.fp32))
    for (file, recorded) in recordings.sorted(by: { $0.key < $1.key }) {
      var options = TranscriptionOptions(language: transcriber.isMultilingual ? recorded.language : nil)
      options.windows.padding = padding
      options.windows.tail = .exact
      options.sequential = true
      options.windows.timestamps = false
      options.fallback.temperatures = [0]
      options.fallback.noSpeechThreshold = nil
      let segments = try await transcriber.transcribe(
        .file(path: Fixtures.url("speech/\(file)").path), options: options
      ).segments
      let expected = padding == .silence ? recorded.silence : recorded.zeros
      #expect(segments.map(\.tokens) == expected, "\(name), \(padding), \(file)")
    }
  }

  /// At every precision, whole and folded, the words of most recordings are the reference's: the rest differ by a word or two.
  @Test(
    .enabled(if: Fixtures.readsMedia), arguments: EnginePrecision.allCases, TranscriptionOptions.Tail.allCases
  )
  func wordsAreTheReferencesAtEveryPrecision(
    precision: EnginePrecision, tail: TranscriptionOptions.Tail
  ) async throws {
    let transcriber = try Transcriber(
      model: try await ModelStore().resolve("tiny.en"), precisions: EnginePrecisions(precision))
    var equal = 0
    var options = TranscriptionOptions()
    options.windows.tail = tail
    options.sequential = true
    options.windows.timestamps = false
    for (file, expected) in Self.sentences {
      let segments = try await transcriber.transcribe(
        .file(path: Fixtures.url("speech/\(file)").path), options: options
      ).segments
      let found = words(of: segments.map(\.text).joined(separator: " "))
      equal += found == words(of: expected) ? 1 : 0
    }
    #expect(equal >= Self.sentences.count - (precision == .fp32 && tail == .exact ? 0 : 1))
  }

  /// What tiny.en hears, in the reference implementations.
  private static let sentences = [
    (
      "jfk.flac",
      "And so my fellow Americans ask not what your country can do for you, ask what you can do for your country."
    ),
    (
      "1272-128104-0000.flac",
      "Mr. Quilter is the apostle of the middle classes, and we are glad to welcome his gospel."
    ),
    ("1993-147965-0000.wav", "Grandfather came down wearing a white shirt and his Sunday coat."),
    ("LJ001-0002.wav", "in being comparatively modern."),
  ]

  private func words(of text: String) -> [String] {
    text.lowercased().split { !$0.isLetter }.map(String.init)
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func theLanguageIsDetected() async throws {
    let transcriber = try Transcriber(model: try await ModelStore().resolve("base"))
    for (file, code) in [("jfk.flac", "en"), ("fr/play_help.flac", "fr"), ("es/agent-incorrect.flac", "es")] {
      let segments = try await transcriber.transcribe(.file(path: Fixtures.url("speech/\(file)").path))
        .segments
      #expect(Set(segments.map(\.language)) == [code])
      let ranking = try await transcriber.detectLanguage(of: .file(path: Fixtures.url("speech/\(file)").path))
      #expect(ranking.first?.code == code)
      #expect(ranking.count == 99)
      #expect((ranking.map(\.probability).reduce(0, +) - 1).magnitude < 1e-6)
    }
  }

  @Test func englishModelsRefuseOtherLanguagesAndTranslation() async throws {
    let transcriber = try Transcriber(model: try await ModelStore().resolve("tiny.en"))
    let path = Fixtures.url("speech/jfk.flac").path
    for options in [TranscriptionOptions(language: "fr"), TranscriptionOptions(task: .translate)] {
      await #expect(throws: (any Error).self) {
        try await transcriber.transcribe(.file(path: path), options: options).segments
      }
    }
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func endingTheIterationEndsTheWork() async throws {
    let transcriber = try Transcriber(model: try await ModelStore().resolve("tiny.en"), threads: 1)
    let long = Fixtures.url("speech/es/conf-adminmenu-162.flac").path
    var options = TranscriptionOptions()
    options.sequential = true
    options.windows.timestamps = false
    // It is Spanish, of which an English model makes something improbable.
    options.fallback.noSpeechThreshold = nil
    for try await segment in transcriber.segments(of: .file(path: long), options: options) {
      #expect(segment.start == 0)
      break
    }
    // The next one does not wait for what nobody wants any more, and is whole.
    let segments = try await transcriber.transcribe(.file(path: Fixtures.url("speech/jfk.flac").path))
      .segments
    #expect(segments.first?.text.hasPrefix("And so my fellow Americans") == true)
  }
}
