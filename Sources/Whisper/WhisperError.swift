// What can go wrong when the network is run.

package import SwiftletDevice

/// Why the network refused its input.
package enum WhisperError: Error, Hashable, Sendable {
  /// The log-mel spectrogram has `count` values where `expected` are needed.
  case spectrogramSize(count: Int, expected: Int)
  /// More tokens than the decoder has positions for.
  case contextExceeded(tokens: Int, positions: Int)
  /// A token outside the vocabulary.
  case noSuchToken(Int, vocabularySize: Int)
  /// The GPU that runs the network failed.
  case device(DeviceError)
}

extension WhisperError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .spectrogramSize(let count, let expected):
      "The log-mel spectrogram has \(count) values, but this model needs \(expected); give it the number of mel bins "
        + "and frames in the model's dimensions."
    case .contextExceeded(let tokens, let positions):
      "\(tokens) tokens don't fit into the decoder's \(positions) positions; use a shorter prompt."
    case .noSuchToken(let token, let vocabularySize):
      "Token \(token) is not in this model's vocabulary of \(vocabularySize); use the tokenizer of the same model."
    case .device(let error): error.description
    }
  }
}
