// What decoding a window gives.

import CZlib

/// The hypothesis that was chosen for a window, and how far it can be trusted.
struct DecodingResult: Hashable, Sendable {
  /// Text and timestamps, without the prompt and the end of text.
  var tokens: [Int]
  /// The log-probability of each of `tokens`.
  var logProbabilities: [Float]
  /// Whether the end of text was chosen, and not the limit reached.
  var isComplete: Bool
  var temperature: Double
  /// Over all tokens and the end.
  var averageLogProbability: Double
  /// Of the first hypothesis that does not repeat itself, whether it was chosen or not; nil if all do.
  var firstLogProbability: Double?
  /// Of the text.
  var compressionRatio: Double
  var noSpeechProbability: Double
  /// Tokens that were chosen in all attempts, for the count of what was done.
  var steps: Int
}

/// Bytes of UTF-8 over bytes after zlib's compression (openai-whisper's `compression_ratio`).
func compressionRatio(of text: String) -> Double {
  let bytes = Array(text.utf8)
  guard !bytes.isEmpty else { return 0 }
  var size = compressBound(uLong(bytes.count))
  var output = [UInt8](repeating: 0, count: Int(size))
  guard compress(&output, &size, bytes, uLong(bytes.count)) == Z_OK, size > 0 else { return 0 }
  return Double(bytes.count) / Double(size)
}
