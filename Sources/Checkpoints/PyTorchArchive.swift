// A file of torch.save: a zip with a pickle and the storages that it refers to.

import Foundation

/// The zip file that `torch.save` writes since PyTorch 1.6, with its pickle read.
struct PyTorchArchive {
  let file: MappedFile
  private let zip: ZipArchive
  private let machine: PickleMachine
  /// What was saved.
  let root: PickleValue
  /// The folder inside the zip in which everything lies, with its slash.
  private let prefix: String

  init(_ file: MappedFile) throws(CheckpointError) {
    self.file = file
    zip = try ZipArchive(file)
    let suffix = "data.pkl"
    guard let entry = zip.entries.keys.filter({ $0 == suffix || $0.hasSuffix("/" + suffix) }).min(),
      let range = zip.entries[entry]
    else {
      throw .notWhisper(file: file.name, found: "a zip archive without data.pkl, which is not a PyTorch file")
    }
    prefix = String(entry.dropLast(suffix.count))
    if let order = zip.entries[prefix + "byteorder"], !file.data[order].elementsEqual("little".utf8) {
      throw .unsupported(
        file: file.name, what: "a byte order other than little-endian",
        advice: "Save the model on a little-endian machine.")
    }
    var machine = try PickleMachine(file, range: range)
    root = try machine.run()
    self.machine = machine
  }

  /// A dictionary's members by their text keys, or `nil` if the value is no dictionary. The last of equal
  /// keys counts, as in Python.
  func members(of value: PickleValue) -> [String: PickleValue]? {
    guard case .dictionary(let index) = value else { return nil }
    var members: [String: PickleValue] = [:]
    for (key, value) in machine.dictionaries[index] {
      if let key = key.text { members[key] = value }
    }
    return members
  }

  /// The tensors of a state dictionary, those that `renamed` knows, under the names it gives.
  func sources(
    _ state: [String: PickleValue], renamed: (String) -> String?
  ) throws(CheckpointError) -> [String: TensorSource] {
    var sources: [String: TensorSource] = [:]
    for (name, value) in state {
      guard let target = renamed(name) else { continue }
      guard case .tensor(let index) = value else {
        throw .malformed(file: file.name, reason: "\(name) is not a tensor")
      }
      let source = try source(machine.tensors[index], name: name)
      guard sources.updateValue(source, forKey: target) == nil else {
        throw .duplicateTensor(name: target, file: file.name)
      }
    }
    return sources
  }

  private func source(_ tensor: PickledTensor, name: String) throws(CheckpointError) -> TensorSource {
    let storage = machine.storages[tensor.storage]
    guard let type = storage.type else {
      throw .unsupportedType(tensor: name, type: "torch.\(storage.typeName)", file: file.name)
    }
    guard let range = zip.entries["\(prefix)data/\(storage.key)"] else {
      throw .malformed(
        file: file.name, reason: "the storage data/\(storage.key) of tensor \(name) is not in the zip")
    }
    guard let skipped = checkedProduct([tensor.offset, type.elementSize]), skipped <= range.count else {
      throw .malformed(
        file: file.name, reason: "tensor \(name) starts at element \(tensor.offset), past its storage")
    }
    return try TensorSource(
      name: name, file: file, offset: range.lowerBound + skipped, limit: range.count - skipped,
      shape: tensor.shape,
      type: type, strides: tensor.strides)
  }
}
