// What runs a model, on whatever processor: the one seam between the decoding strategies and the network.

import Foundation
package import SwiftletCheckpoints
package import SwiftletCompute

/// A model's network, ready to run, with its work space.
///
/// One caller at a time: the scheduler's thread. Only memories and sequences may be made on any thread, and freed there.
/// A sequence's results are the same, bit for bit, whichever others share its steps. A network on a GPU also throws
/// ``WhisperError/device(_:)``, from whatever it is asked for.
package protocol Network: AnyObject, Sendable {
  var dimensions: ModelDimensions { get }
  /// The cross-attention heads that tell when a word was said.
  var alignmentHeads: [AlignmentHead] { get }
  /// Sequences that a step may have.
  var maximumSequences: Int { get }
  /// Windows that are best encoded together.
  var maximumWindows: Int { get }

  func makeAudioMemory() -> AudioMemory
  func makeSequence(over audio: AudioMemory) -> TextSequence

  /// Encodes windows and computes the keys and values that the decoder attends to, each window's into its own memory.
  ///
  /// - Throws: ``WhisperError/spectrogramSize(count:expected:)``.
  @discardableResult
  func listen(to windows: [EncoderInput], into memories: [AudioMemory]) throws(WhisperError) -> ListeningTime

  /// Consumes the pending tokens of all sequences in one pass: they are its rows, in order. Sequences that listen to the same
  /// audio should stand side by side.
  ///
  /// - Throws: what ``checkStep(_:)`` does; nothing is consumed then.
  func step(_ sequences: [TextSequence]) throws(WhisperError)

  /// The logits of rows of the last step, at most two of each sequence that a step may have: fp32, `[≥ rows.count, vocabularySize]`,
  /// valid until the next call.
  func computeLogits(ofRows rows: [Int]) throws(WhisperError) -> Matrix

  /// Consumes the pending tokens of `sequence` in one step and tells where in the sound it looked.
  ///
  /// It is openai-whisper's `find_alignment` (`timing.py`) up to the softmax: scores are cut to the sound's positions
  /// before it, so that a tail that is folded or silent has no part in them.
  ///
  /// - Parameter positions: of the window that hold sound; positions of a folded tail are left out.
  /// - Throws: what ``checkStep(_:)`` does.
  func crossAttention(
    of heads: [AlignmentHead], positions: Int, consuming sequence: TextSequence
  ) throws(WhisperError) -> CrossAttentionWeights
}

/// A window of sound for the encoder.
package struct EncoderInput: Sendable {
  /// The log-mel spectrogram, frame-major, `[2 · audioContext, melBins]`.
  package var logMel: [Float]
  /// Frames from the start on that hold sound; all after them have one and the same value. Nil for all.
  package var soundFrames: Int?
  /// The positions that the encoder looks at; nil for all.
  package var positions: EncoderPositions?

  package init(logMel: [Float], soundFrames: Int? = nil, positions: EncoderPositions? = nil) {
    self.logMel = logMel
    self.soundFrames = soundFrames
    self.positions = positions
  }
}

/// The seconds that listening took.
package struct ListeningTime: Sendable {
  package var encoder: Double
  /// Keys and values of cross attention, which are the decoder's.
  package var decoder: Double

  package init(encoder: Double = 0, decoder: Double = 0) {
    self.encoder = encoder
    self.decoder = decoder
  }
}

extension Network {
  /// Rows of a step whose logits may be asked for at once: two of each sequence, for where a transcript starts there is a second
  /// that says whether anybody speaks.
  package var maximumLogitRows: Int { 2 * maximumSequences }

  /// Finds out whether a step can consume the pending tokens of `sequences`.
  ///
  /// - Returns: how many they are.
  /// - Throws: ``WhisperError/contextExceeded(tokens:positions:)``,
  ///   ``WhisperError/noSuchToken(_:vocabularySize:)``.
  package func checkStep(_ sequences: [TextSequence]) throws(WhisperError) -> Int {
    let dimensions = dimensions
    var pending = 0
    for sequence in sequences {
      let end = sequence.position + sequence.pending.count
      guard end <= dimensions.textContext else {
        throw .contextExceeded(tokens: end, positions: dimensions.textContext)
      }
      for token in sequence.pending where !(0..<dimensions.vocabularySize).contains(token) {
        throw .noSuchToken(token, vocabularySize: dimensions.vocabularySize)
      }
      pending += sequence.pending.count
    }
    // The work space has as many rows as the decoder has positions.
    guard pending <= dimensions.textContext else {
      throw .contextExceeded(tokens: pending, positions: dimensions.textContext)
    }
    return pending
  }

  /// How probable each of `tokens` was among the tokens below `limit`, by the last step.
  ///
  /// - Parameters:
  ///   - row: the row of the step that the first of them follows.
  ///   - context: what computes with logits.
  package func probabilities(
    of tokens: [Int], followingRow row: Int, below limit: Int, context: ComputeContext
  ) throws(WhisperError) -> [Float] {
    var found: [Float] = []
    for first in stride(from: 0, to: tokens.count, by: maximumLogitRows) {
      let group = tokens[first..<min(first + maximumLogitRows, tokens.count)]
      let logits = try computeLogits(ofRows: group.indices.map { row + $0 })
      for (index, token) in group.enumerated() {
        found.append(
          logits.withRow(index) { logits in
            exp(logits[token] - context.logSumExp(logits.extracting(0..<limit)))
          })
      }
    }
    return found
  }
}
