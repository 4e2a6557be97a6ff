// What is known of a tensor before its values are read.

/// Name, shape and stored type of a tensor.
package struct TensorDescription: Hashable, Sendable {
  package var name: String
  /// Outermost dimension first.
  package var shape: [Int]
  /// How the file holds the values; they are always read as fp32.
  package var storedType: StoredType

  package init(name: String, shape: [Int], storedType: StoredType) {
    self.name = name
    self.shape = shape
    self.storedType = storedType
  }
}

/// How a file holds the elements of a tensor.
package enum StoredType: String, Sendable, CaseIterable {
  case float32, float16, bfloat16
  /// Eight-bit integers with one fp32 scale an output row.
  case int8
  /// Sixteen-bit integers with a scale (CTranslate2).
  case int16
}
