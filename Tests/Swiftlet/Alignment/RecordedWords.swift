// What openai-whisper made of recordings, and the same by our own aligner.

import Foundation
import SwiftletAudio
import SwiftletCompute
import SwiftletTestSupport
import SwiftletText
import SwiftletWhisper

@testable import Swiftlet

/// A recording in `Tests/Fixtures/speech/words.json`, which `Scripts/fixtures/words.py` records.
struct RecordedWords: Decodable {
  var language: String
  var windows: [Window]

  struct Window: Decodable {
    /// The frame that the window begins at, and how many of it hold sound.
    var seek: Int
    var frames: Int
    /// When the last speech before it ended.
    var lastSpeech: Double
    /// Segments as decoding gave them, and after alignment.
    var given: [Given]
    var found: [Found]
  }

  struct Given: Decodable {
    var tokens: [Int]
    var start: Double
    var end: Double
  }

  struct Found: Decodable {
    var start: Double
    var end: Double
    var words: [Word]
  }

  /// By model and by recording.
  static func load(_ url: URL = Fixtures.url("speech/words.json")) throws -> [String: [String: RecordedWords]] {
    try JSONDecoder().decode([String: [String: RecordedWords]].self, from: Data(contentsOf: url))
  }
}

/// A model that aligns recorded segments with the sound.
final class RecordedAlignment {
  let model: WhisperModel
  let aligner: WordAligner
  let tokenizer: Tokenizer
  private let context: ComputeContext
  private let state: TextDecoder.State
  private let encoder: AudioEncoder.State
  let audio: AudioMemory

  init(_ name: String, _ precision: EnginePrecision, threads: Int? = nil) async throws {
    context = try ComputeContext(threads: threads)
    let engine = try EngineStore().load(
      try await ModelStore().resolve(name), precisions: EnginePrecisions(precision), threads: threads
    ) { _ in }
    model = engine.network
    tokenizer = try Tokenizer.load(from: engine.folder, vocabularySize: model.dimensions.vocabularySize)
    state = try model.decoder.makeState(context)
    encoder = try model.encoder.makeState(threads: context.pool.threads)
    audio = model.decoder.makeAudioMemory()
    aligner = WordAligner(model: model, tokenizer: tokenizer, context: context, state: state)
  }

  /// Has the decoder listen to the window.
  func listen(to window: LogMelWindow, folded: Bool = false) throws {
    let positions = model.dimensions.audioContext
    let plan =
      folded
      ? WindowPlan.folded(positions: positions, sound: (window.soundFrames + 1) / 2, margin: 25, step: 16)
      : .exact(positions: positions)
    try model.encoder.encode(
      window.values, soundFrames: window.soundFrames, plan: plan, in: encoder, context: context)
    model.decoder.listen(to: encoder.output, plan: plan, into: audio, state: state, context: context)
  }

  func align(_ window: RecordedWords.Window, language: String) throws -> [Segment] {
    let language = tokenizer.isMultilingual ? try Language(language) : nil
    return try aligner.align(
      window.given.map {
        Segment(start: $0.start, end: $0.end, text: "", tokens: $0.tokens, language: language?.code ?? "en")
      }, over: audio, frames: window.frames, start: LogMelWindow.seconds(window.seek), language: language,
      task: .transcribe, lastSpeech: window.lastSpeech)
  }
}
