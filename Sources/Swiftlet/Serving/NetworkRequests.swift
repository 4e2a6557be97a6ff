// What is asked of the network: encode a window, tell its language. Decodings are run by the scheduler itself.

import SwiftletAudio
import SwiftletText
import SwiftletWhisper

extension NetworkScheduler {
  /// Encodes a window into a slot, and computes the keys and values that the decoder attends to.
  ///
  /// - Parameter positions: of the window, those that the encoder looks at.
  func encode(
    _ window: LogMelWindow, _ positions: EncoderPositions, into slot: AudioSlot, timings: inout Timings
  ) throws {
    let audio = try slot.audio
    let input = EncoderInput(
      logMel: window.values, soundFrames: window.soundFrames, positions: positions)
    let spent = try listen(to: input, into: audio, isLive: slot.isLive)
    timings.encoder += spent.encoder
    timings.decoder += spent.decoder
  }

  /// The languages of the window that a slot holds, the most probable first.
  ///
  /// - Parameter candidates: the languages to choose among; all if empty.
  func languages(
    in slot: AudioSlot, among candidates: Set<Language>, specials: SpecialTokens, timings: inout Timings
  ) throws -> [(language: Language, probability: Double)] {
    let loan = SequenceLoan(pool, over: try slot.audio)
    defer { loan.giveBack() }
    let detection = LanguageDetection(
      sequence: loan.first(1)[0], specials: specials, candidates: candidates)
    timings.decoder += try run(detection, stop: slot.stop)
    return detection.ranking
  }
}
