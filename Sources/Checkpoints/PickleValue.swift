// The values that a checkpoint's pickle may consist of.

/// A value on the stack of the pickle reader.
///
/// Containers are numbers of entries in the reader's tables and hold no values themselves: a pickle that nests them a
/// million deep, or inside themselves, costs a million table entries and no recursion.
enum PickleValue: Hashable {
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case text(String)
  /// Raw bytes, which nothing in a checkpoint needs: known, and not kept.
  case bytes
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case callable(PickleCallable)
  /// The storage that a tensor looks into, as a number in the reader's table.
  case storage(Int)
  case tensor(Int)

  var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }
  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }
}

/// The names that a checkpoint's pickle may import: constructors of containers and tensors, and types of storages.
enum PickleCallable: Hashable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  /// A storage of numbers that weights may be stored as, or, with its name, of others.
  case storageType(name: String, StoredType?)

  /// The callable that `module.name` stands for, or `nil` if a checkpoint has no business with it.
  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
    case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
    case ("torch", "FloatStorage"): self = .storageType(name: name, .float32)
    case ("torch", "HalfStorage"): self = .storageType(name: name, .float16)
    case ("torch", "BFloat16Storage"): self = .storageType(name: name, .bfloat16)
    case ("torch", "DoubleStorage"), ("torch", "LongStorage"), ("torch", "IntStorage"),
      ("torch", "ShortStorage"),
      ("torch", "CharStorage"), ("torch", "ByteStorage"), ("torch", "BoolStorage"):
      self = .storageType(name: name, nil)
    default: return nil
    }
  }
}

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
