// One caller's way to the network, and what it holds while a window of its sound is decoded.

import SwiftletAudio
import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// What one recording after the other is transcribed with. It belongs to one caller at a time, who blocks while the network
/// works for it: see ``NetworkScheduler``.
///
/// From the encoding of a window until ``release()`` it holds an audio memory, and with it some of the scheduler's places.
final class NetworkLane {
  let model: WhisperModel
  let pool: SequencePool
  private let scheduler: NetworkScheduler
  /// Sequences that a decoding uses at once, as long as it does not fall back.
  private let sequences: Int
  private let isLive: Bool
  private let isCancelled: () -> Bool
  private var held: (audio: AudioMemory, places: Int)?

  init(
    _ scheduler: NetworkScheduler, sequences: Int = 1, isLive: Bool = false,
    isCancelled: @escaping () -> Bool = { false }
  ) {
    self.scheduler = scheduler
    self.sequences = sequences
    self.isLive = isLive
    self.isCancelled = isCancelled
    model = scheduler.model
    pool = scheduler.pool
    pool.begin(sequences: sequences)
  }

  deinit {
    release()
    pool.end(sequences: sequences)
  }

  /// What the decoder listens to: the window that was encoded last. Waits for a place where none is held.
  var audio: AudioMemory {
    get throws {
      if let held { return held.audio }
      let places = try scheduler.places.take(sequences, isLive: isLive, isCancelled: isCancelled)
      let audio = pool.takeAudio()
      held = (audio, places)
      return audio
    }
  }

  /// Ends the work on a window, so that others can have the place.
  func release() {
    guard let held else { return }
    pool.giveBack(held.audio)
    scheduler.places.giveBack(held.places)
    self.held = nil
  }

  /// The threads that the network runs on, for work between two of its steps.
  var threads: ThreadPool { scheduler.context.pool }

  /// Encodes a window into ``audio``.
  func listen(to window: LogMelWindow, plan: EncoderPositions, timings: inout Timings) throws {
    let context = scheduler.context
    let audio = try audio
    let work = try scheduler.perform(isLive: isLive) { [model] encoder, steps in
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
    of window: LogMelWindow, among candidates: Set<Language>, specials: SpecialTokens,
    timings: inout Timings, isCancelled: @escaping () -> Bool
  ) throws -> [(language: Language, probability: Double)] {
    try listen(to: window, plan: .exact(positions: model.dimensions.audioContext), timings: &timings)
    return try detectLanguage(
      among: candidates, specials: specials, timings: &timings, isCancelled: isCancelled)
  }

  /// The languages of the window that was listened to, the most probable first.
  ///
  /// - Parameter candidates: the languages to choose among; all if empty.
  func detectLanguage(
    among candidates: Set<Language>, specials: SpecialTokens, timings: inout Timings,
    isCancelled: @escaping () -> Bool
  ) throws -> [(language: Language, probability: Double)] {
    let loan = SequenceLoan(pool, over: try audio)
    defer { loan.giveBack() }
    let detection = LanguageDetection(
      sequence: loan.first(1)[0], specials: specials, candidates: candidates)
    try run(detection, timings: &timings, isCancelled: isCancelled)
    return detection.ranking
  }

  /// Runs `body` with the decoder's work space, between two steps of others.
  func withDecoder<Result: Sendable>(
    _ body: @escaping (TextDecoder.State, ComputeContext) throws -> Result
  ) throws -> Result {
    try scheduler.perform(isLive: isLive) { [context = scheduler.context] _, steps in
      try body(steps.state, context)
    }
  }
}
