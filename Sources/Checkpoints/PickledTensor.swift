// Tensors and their storages, as a pickle describes them.

/// A tensor of a pickle: a view into a storage.
struct PickledTensor {
  var storage: Int
  /// Elements.
  var offset: Int
  var shape: [Int]
  /// Elements.
  var strides: [Int]
}

/// A storage of a pickle: an entry of the zip file.
struct PickledStorage {
  var key: String
  var typeName: String
  var type: StoredType?
}
