// What a checkpoint's pickle may import.

/// The names that a checkpoint's pickle may import: constructors of containers and tensors, and types of
/// storages.
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
