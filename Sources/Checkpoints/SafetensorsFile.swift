// Reads the safetensors format: a JSON header, then the tensors one after another.

package import Foundation
import SwiftletBasics

/// A safetensors file, mapped; opening it reads the header only.
///
/// Format: a little-endian 64-bit length, that many bytes of JSON, then the data, which the tensors fill
/// without gaps or overlaps (https://github.com/huggingface/safetensors#format).
package struct SafetensorsFile: Sendable {
  /// A tensor as the header describes it.
  package struct Entry: Hashable, Sendable {
    package var name: String
    package var type: ElementType
    /// Outermost dimension first.
    package var shape: [Int]
    /// Where its bytes are, from the start of the file.
    package var bytes: Range<Int>
  }

  package let file: MappedFile
  /// The tensors in the order of their names, without the writer's padding.
  package let entries: [Entry]
  /// The free text that the writer added under `__metadata__`.
  package let metadata: [String: String]
  private let byName: [String: Entry]

  /// Maps the file and checks its header.
  ///
  /// - Throws: the errors of ``MappedFile/init(_:)``, ``CheckpointError/truncated(file:what:needed:available:)`` and
  ///   ``CheckpointError/malformed(file:reason:)``.
  package init(_ url: URL) throws(CheckpointError) { try self.init(MappedFile(url)) }

  /// Checks the header of what is mapped already.
  package init(_ file: MappedFile) throws(CheckpointError) {
    let length = try file.integer(at: 0, as: UInt64.self, what: "the length of the header")
    let header = try file.range(at: 8, count: Int(exactly: length) ?? .max, what: "the header")
    guard let members = try file.json(in: header).object else {
      throw .malformed(file: file.name, reason: "its header is not a JSON object")
    }
    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    for (name, value) in members {
      if name == "__metadata__" {
        for (key, text) in value.object ?? [:] { metadata[key] = text.string }
      } else {
        entries.append(try Self.entry(name, value, dataStart: header.upperBound, file: file))
      }
    }
    try Self.checkCoverage(entries, dataStart: header.upperBound, file: file)
    entries.removeAll { $0.name.hasPrefix(SafetensorsWriter.paddingPrefix) }
    self.file = file
    self.metadata = metadata
    self.entries = entries.sorted { $0.name < $1.name }
    byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
  }

  private static func entry(
    _ name: String, _ value: JSONValue, dataStart: Int, file: MappedFile
  ) throws(CheckpointError) -> Entry {
    guard let members = value.object, let typeName = members["dtype"]?.string,
      let shape = members["shape"]?.integers, let offsets = members["data_offsets"]?.integers,
      offsets.count == 2
    else {
      throw .malformed(file: file.name, reason: "tensor \(name) lacks dtype, shape or data_offsets")
    }
    guard let type = ElementType(rawValue: typeName) else {
      throw .unsupportedType(tensor: name, type: typeName, file: file.name)
    }
    let (size, overflow) = offsets[1].subtractingReportingOverflow(offsets[0])
    guard let elements = checkedProduct(shape), offsets[0] >= 0, !overflow,
      checkedProduct([elements, type.size]) == size
    else {
      throw .malformed(
        file: file.name,
        reason: "tensor \(name) of shape \(shape) and type \(typeName) does not fill \(offsets)")
    }
    let (start, tooFar) = dataStart.addingReportingOverflow(offsets[0])
    let range = try file.range(at: tooFar ? .max : start, count: size, what: "tensor \(name)")
    return Entry(name: name, type: type, shape: shape, bytes: range)
  }

  /// Checks that the tensors fill the data without gaps or overlaps, as the format demands.
  private static func checkCoverage(
    _ entries: [Entry], dataStart: Int, file: MappedFile
  ) throws(CheckpointError) {
    var end = dataStart
    for entry in entries.sorted(by: {
      ($0.bytes.lowerBound, $0.bytes.count) < ($1.bytes.lowerBound, $1.bytes.count)
    }) {
      guard entry.bytes.lowerBound == end else {
        let what = entry.bytes.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
        throw .malformed(file: file.name, reason: "tensor \(entry.name) \(what)")
      }
      end = entry.bytes.upperBound
    }
    guard end == file.count else {
      throw .malformed(file: file.name, reason: "\(file.count - end) bytes follow the last tensor")
    }
  }

  /// The tensor called `name`, or `nil`.
  package func entry(_ name: String) -> Entry? { byName[name] }

  /// The values of an F32, F16 or BF16 tensor as fp32, row-major.
  package func floats(of name: String) throws(CheckpointError) -> [Float] {
    try source(name).floats(name: name)
  }

  /// The values of a tensor of integers or booleans, row-major.
  package func integers(of name: String) throws(CheckpointError) -> [Int] {
    guard let entry = byName[name] else { throw .noSuchTensor(name: name, file: file.name) }
    switch entry.type {
    case .int64: return try integers(entry, Int64.self)
    case .int32: return try integers(entry, Int32.self)
    case .int16: return try integers(entry, Int16.self)
    case .int8: return try integers(entry, Int8.self)
    case .uint64: return try integers(entry, UInt64.self)
    case .uint32: return try integers(entry, UInt32.self)
    case .uint16: return try integers(entry, UInt16.self)
    case .uint8, .bool: return try integers(entry, UInt8.self)
    default: throw .unsupportedType(tensor: name, type: entry.type.rawValue, file: file.name)
    }
  }

  private func integers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ entry: Entry, _ type: Value.Type
  ) throws(CheckpointError) -> [Int] {
    var values: [Int] = []
    for offset in stride(from: entry.bytes.lowerBound, to: entry.bytes.upperBound, by: entry.type.size) {
      let value = try file.integer(at: offset, as: type, what: "tensor \(entry.name)")
      guard let fitting = Int(exactly: value) else {
        throw .malformed(file: file.name, reason: "tensor \(entry.name) holds \(value), which is too large")
      }
      values.append(fitting)
    }
    return values
  }

  /// The bytes of a tensor, mapped and not copied.
  package func data(of name: String) throws(CheckpointError) -> Data {
    guard let entry = byName[name] else { throw .noSuchTensor(name: name, file: file.name) }
    return file.data[entry.bytes]
  }

  /// The place of a tensor of floating-point numbers.
  func source(_ name: String) throws(CheckpointError) -> TensorSource {
    guard let entry = byName[name] else { throw .noSuchTensor(name: name, file: file.name) }
    guard let type = entry.type.stored else {
      throw .unsupportedType(tensor: name, type: entry.type.rawValue, file: file.name)
    }
    return try TensorSource(
      name: name, file: file, offset: entry.bytes.lowerBound, limit: entry.bytes.count, shape: entry.shape,
      type: type)
  }
}
