// The number types that checkpoints store weights in.

/// How a file holds the elements of a tensor.
package enum StoredType: String, Sendable, CaseIterable {
  case float32, float16, bfloat16
  /// Eight-bit integers with one fp32 scale an output row (CTranslate2).
  case int8
  /// Sixteen-bit integers with one scale (CTranslate2).
  case int16

  /// Bytes an element takes in the file.
  package var elementSize: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8: 1
    }
  }
}
