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

  /// The product of the shape.
  package var elementCount: Int { shape.reduce(1, *) }
}
