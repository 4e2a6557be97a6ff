// The network and the work space for one window at a time.

import SwiftletAudio
import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// What one recording after the other is transcribed with; belongs to one thread at a time.
final class WindowNetwork {
  let model: WhisperModel
  let context: ComputeContext
  let steps: DecodingSteps
  let pool: SequencePool
  /// What the decoder listens to: the window that was encoded last.
  let audio: AudioMemory
  private let encoderState: AudioEncoder.State

  init(model: WhisperModel, context: ComputeContext) throws {
    self.model = model
    self.context = context
    encoderState = try model.encoder.makeState(threads: context.pool.threads)
    steps = try DecodingSteps(decoder: model.decoder, context: context)
    pool = SequencePool(decoder: model.decoder)
    audio = model.decoder.makeAudioMemory()
  }

  /// Encodes a window into ``audio``.
  func listen(to window: LogMelWindow, plan: WindowPlan, timings: inout Timings) throws {
    try timings.measure(\.encoder) {
      try model.encoder.encode(
        window.values, soundFrames: window.soundFrames, plan: plan, in: encoderState, context: context)
    }
    timings.measure(\.decoder) { steps.listen(to: encoderState.output, plan: plan, into: audio) }
  }

  /// The languages of the window that was listened to, the most probable first.
  func detectLanguage(
    specials: SpecialTokens, isCancelled: () -> Bool
  ) throws -> [(language: Language, probability: Double)] {
    let sequences = pool.take(1, over: audio)
    defer { pool.giveBack(sequences) }
    let detection = LanguageDetection(sequence: sequences[0], specials: specials)
    try steps.run([detection], isCancelled: isCancelled)
    return detection.ranking
  }
}
