// What openai-whisper made of recordings, and the same by our own aligner.

import Foundation
import SwiftletAudio
import SwiftletCompute
import SwiftletTestModels
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
  static func load(_ url: URL = Fixtures.url("speech/words.json")) throws -> [String: [String: RecordedWords]]
  {
    try JSONDecoder().decode([String: [String: RecordedWords]].self, from: Data(contentsOf: url))
  }
}

/// A model that aligns recorded segments with the sound.
struct RecordedAlignment {
  let aligner: WordAligner
  private let scheduler: NetworkScheduler

  init(_ name: String, _ precision: EnginePrecision, threads: Int? = nil) async throws {
    let engine = try TestModels.engines.load(
      try await TestModels.model(name), precisions: EnginePrecisions(precision), threads: threads
    ) { _ in }
    let context = try ComputeContext(threads: threads)
    scheduler = NetworkScheduler(try CPUNetwork(engine.model, context: context), context: context)
    aligner = WordAligner(
      slot: AudioSlot(scheduler),
      tokenizer: try Tokenizer.load(
        from: engine.folder, vocabularySize: engine.model.dimensions.vocabularySize))
  }

  /// Has the decoder listen to the window.
  func listen(to window: LogMelWindow, folded: Bool = false) throws {
    let count = scheduler.network.dimensions.audioContext
    let positions =
      folded
      ? EncoderPositions.folded(
        positions: count, sound: (window.soundFrames + 1) / 2, margin: 25, step: 16)
      : .exact(positions: count)
    var timings = Timings()
    try scheduler.encode(window, positions, into: aligner.slot, timings: &timings)
  }

  func align(_ window: RecordedWords.Window, language: String) throws -> [Segment] {
    var segments = window.given.map {
      Segment(start: $0.start, end: $0.end, text: "", tokens: $0.tokens, language: language)
    }
    try aligner.align(
      &segments,
      of: AlignmentInput(
        start: LogMelWindow.seconds(window.seek), frames: window.frames,
        language: aligner.tokenizer.isMultilingual ? try Language(language) : nil, task: .transcribe),
      lastSpeech: window.lastSpeech)
    return segments
  }
}
