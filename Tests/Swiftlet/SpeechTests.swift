// Real speech through the real models: the same tokens as transformers and openai-whisper.

import Dispatch
import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Synchronization
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
    .slow,
    .enabled(if: Fixtures.readsMedia), arguments: ["tiny.en", "base"], TranscriptionOptions.Padding.allCases)
  func tokensAreTheReferences(name: String, padding: TranscriptionOptions.Padding) async throws {
    let data = try Data(contentsOf: Fixtures.url("speech/tokens.json"))
    let models = try JSONDecoder().decode([String: [String: RecordedTokens]].self, from: data)
    let recordings = try #require(models[name])
    #expect(recordings.count >= (name == "base" ? 11 : 7))
    let transcriber = try await TestModels.transcriber(name, .fp32)
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
    .slow,
    .enabled(if: Fixtures.readsMedia), arguments: EnginePrecision.allCases, TranscriptionOptions.Tail.allCases
  )
  func wordsAreTheReferencesAtEveryPrecision(
    precision: EnginePrecision, tail: TranscriptionOptions.Tail
  ) async throws {
    let transcriber = try await TestModels.transcriber("tiny.en", precision)
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

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func theLanguageIsDetected() async throws {
    let transcriber = try await TestModels.transcriber("base")
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

  @Test(.slow) func englishModelsRefuseOtherLanguagesAndTranslation() async throws {
    let transcriber = try await TestModels.transcriber()
    let path = Fixtures.url("speech/jfk.flac").path
    for options in [TranscriptionOptions(language: "fr"), TranscriptionOptions(task: .translate)] {
      await #expect(throws: (any Error).self) {
        try await transcriber.transcribe(.file(path: path), options: options).segments
      }
    }
  }

  /// A transcriber with one place: the next recording waits until nobody works on the one before, of which no window is
  /// begun once its reader has gone.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func endingTheIterationEndsTheWork() async throws {
    let transcriber = try await TestModels.ownTranscriber(threads: 1, concurrency: 1)
    let long = AudioInput.file(Fixtures.url("speech/long/1688-142285.opus"))
    var options = TranscriptionOptions()
    options.sequential = true
    // Where each window ends; progress is told of at the beginning and the end, too.
    let ends = Mutex<Set<Double>>([])
    @Sendable func count(_ progress: TranscriptionProgress) -> Int {
      ends.withLock {
        if progress.position > 0 { $0.insert(progress.position) }
        return $0.count
      }
    }
    _ = try await transcriber.transcribe(long, options: options) { _ = count($0) }
    #expect(ends.withLock { $0.count } > 2)

    ends.withLock { $0 = [] }
    let left = DispatchSemaphore(value: 0)
    func readOne() async throws {
      let segments = transcriber.segments(of: long, options: options) { progress in
        // The reader leaves with the first window's text, however late it gets to it.
        if count(progress) == 2 { left.wait() }
      }
      for try await segment in segments {
        #expect(segment.start < 30)
        break
      }
    }
    try await readOne()
    // Twice, since the end may tell of the second window again.
    for _ in 0..<2 { left.signal() }
    let segments = try await transcriber.transcribe(.file(Fixtures.url("speech/jfk.flac"))).segments
    #expect(segments.first?.text.hasPrefix("And so my fellow Americans") == true)
    #expect(ends.withLock { $0.count } <= 2)
  }
}
