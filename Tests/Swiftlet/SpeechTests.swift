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
  @Test(arguments: ["tiny.en", "base"], TranscriptionOptions.Padding.allCases)
  func tokensAreTheReferences(name: String, padding: TranscriptionOptions.Padding) async throws {
    let data = try Data(contentsOf: Fixtures.url("speech/tokens.json"))
    let models = try JSONDecoder().decode([String: [String: RecordedTokens]].self, from: data)
    let recordings = try #require(models[name])
    #expect(recordings.count >= (name == "base" ? 11 : 7))
    let transcriber = try Transcriber(model: try await ModelStore().resolve(name))
    for (file, recorded) in recordings.sorted(by: { $0.key < $1.key }) {
      let options = TranscriptionOptions(
        language: transcriber.isMultilingual ? recorded.language : nil, padding: padding)
      let segments = try await transcriber.transcribe(Fixtures.url("speech/\(file)").path, options: options)
      let expected = padding == .silence ? recorded.silence : recorded.zeros
      #expect(segments.map(\.tokens) == expected, "\(name), \(padding), \(file)")
    }
  }

  @Test func theLanguageIsDetected() async throws {
    let transcriber = try Transcriber(model: try await ModelStore().resolve("base"))
    for (file, code) in [("jfk.flac", "en"), ("fr/play_help.flac", "fr"), ("es/agent-incorrect.flac", "es")] {
      let segments = try await transcriber.transcribe(Fixtures.url("speech/\(file)").path)
      #expect(segments.map(\.language) == [code])
    }
  }

  @Test func englishModelsRefuseOtherLanguagesAndTranslation() async throws {
    let transcriber = try Transcriber(model: try await ModelStore().resolve("tiny.en"))
    let path = Fixtures.url("speech/jfk.flac").path
    for options in [TranscriptionOptions(language: "fr"), TranscriptionOptions(task: .translate)] {
      await #expect(throws: (any Error).self) { try await transcriber.transcribe(path, options: options) }
    }
  }

  @Test func endingTheIterationEndsTheWork() async throws {
    let transcriber = try Transcriber(model: try await ModelStore().resolve("tiny.en"), threads: 1)
    let long = Fixtures.url("speech/es/conf-adminmenu-162.flac").path
    for try await segment in transcriber.segments(of: long) {
      #expect(segment.start == 0)
      break
    }
    // The next one does not wait for what nobody wants any more, and is whole.
    let segments = try await transcriber.transcribe(Fixtures.url("speech/jfk.flac").path)
    #expect(segments.first?.text.hasPrefix("And so my fellow Americans") == true)
  }
}
