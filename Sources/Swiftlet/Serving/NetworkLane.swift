// One caller's place in the network: what it listens to, and the caches of what it decodes.

import SwiftletAudio
import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// What one recording after the other is transcribed with. It belongs to one caller at a time, who blocks while the network
/// works for it: see ``NetworkScheduler``.
final class NetworkLane: @unchecked Sendable {
  let model: WhisperModel
  let pool: SequencePool
  /// What the decoder listens to: the window that was encoded last.
  let audio: AudioMemory
  /// It outlives its lanes.
  private unowned let scheduler: NetworkScheduler

  init(_ scheduler: NetworkScheduler) {
    self.scheduler = scheduler
    model = scheduler.model
    pool = SequencePool(decoder: model.decoder)
    audio = model.decoder.makeAudioMemory()
  }

  /// Encodes a window into ``audio``.
  func listen(to window: LogMelWindow, plan: WindowPlan, timings: inout Timings) throws {
    let context = scheduler.context
    let work = try scheduler.perform { [model, audio] encoder, steps in
      var timings = Timings()
      try timings.measure(\.encoder) {
        try model.encoder.encode(
          window.values, soundFrames: window.soundFrames, plan: plan, in: encoder, context: context)
      }
      timings.measure(\.decoder) { steps.listen(to: encoder.output, plan: plan, into: audio) }
      return timings
    }
    timings.encoder += work.encoder
    timings.decoder += work.decoder
  }

  /// Advances `decoding` until it is done, in one batch with those of others.
  func run(_ decoding: any SteppedDecoding, timings: inout Timings, isCancelled: @escaping () -> Bool) throws
  {
    timings.decoder += try scheduler.run(decoding, isCancelled: isCancelled)
  }

  /// Listens to a whole window and tells its languages, the most probable first.
  func detectLanguage(
    of window: LogMelWindow, specials: SpecialTokens, timings: inout Timings,
    isCancelled: @escaping () -> Bool
  ) throws -> [(language: Language, probability: Double)] {
    try listen(to: window, plan: .exact(positions: model.dimensions.audioContext), timings: &timings)
    return try detectLanguage(specials: specials, timings: &timings, isCancelled: isCancelled)
  }

  /// The languages of the window that was listened to, the most probable first.
  func detectLanguage(
    specials: SpecialTokens, timings: inout Timings, isCancelled: @escaping () -> Bool
  ) throws -> [(language: Language, probability: Double)] {
    let sequences = pool.take(1, over: audio)
    defer { pool.giveBack(sequences) }
    let detection = LanguageDetection(sequence: sequences[0], specials: specials)
    try run(detection, timings: &timings, isCancelled: isCancelled)
    return detection.ranking
  }

  /// Runs `body` with the decoder's work space, between two steps of others.
  func withDecoder<Result: Sendable>(
    _ body: @escaping (TextDecoder.State, ComputeContext) throws -> Result
  ) throws -> Result {
    try scheduler.perform { [context = scheduler.context] _, steps in try body(steps.state, context) }
  }
}
