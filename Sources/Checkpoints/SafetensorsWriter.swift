// Writes the safetensors format, with every tensor on a boundary that vector loads and pages like.

package import Foundation
import SwiftletFiles

/// Collects tensors and writes them to a safetensors file.
///
/// Each tensor starts at a multiple of ``alignment`` bytes from the start of the file. The format allows no
/// gaps, so where a size is no multiple, a tensor of zeros (`__padding_N__`) fills up; ``SafetensorsFile``
/// does not list it.
package struct SafetensorsWriter {
  static let paddingPrefix = "__padding_"

  /// Bytes: a cache line, and the widest vector register.
  package static let alignment = 64

  private struct Tensor {
    var name: String
    var type: ElementType
    var shape: [Int]
    var byteCount: Int
    var pieces: Int
    var bytes: (_ piece: Int) throws(CheckpointError) -> Data
  }

  private var tensors: [Tensor] = []
  private let metadata: [String: String]

  /// - Parameter metadata: what the file says about itself, under `__metadata__`.
  package init(metadata: [String: String] = [:]) { self.metadata = metadata }

  /// Adds fp32 values; `shape` must have as many elements.
  package mutating func add(_ name: String, shape: [Int], floats: [Float]) {
    add(name, type: .float32, shape: shape) { (_) throws(CheckpointError) in
      Data(littleEndianBytes(floats[...]))
    }
  }

  /// Adds a tensor whose bytes are asked for when they are written, so that not all must be in memory at
  /// once: tensor after tensor in the order in which they are added, piece after piece.
  ///
  /// - Parameters:
  ///   - pieces: how many parts the bytes are asked for in, so that not even one tensor must be in memory whole.
  ///   - bytes: gives the bytes of a piece; together exactly those that `shape` and `type` ask for, little-endian.
  package mutating func add(
    _ name: String, type: ElementType, shape: [Int], pieces: Int = 1,
    bytes: @escaping (_ piece: Int) throws(CheckpointError) -> Data
  ) {
    let byteCount = shape.reduce(type.size, *)
    tensors.append(
      Tensor(name: name, type: type, shape: shape, byteCount: byteCount, pieces: pieces, bytes: bytes))
  }

  /// Bytes of all tensors, without the header.
  package var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }

  /// Writes the file; a file that was there is replaced at the end, in one step.
  ///
  /// - Parameter written: is told what was written, the header first; throwing from it ends the writing.
  /// - Throws: ``CheckpointError/notWritten(file:reason:)`` if the disk refuses, and
  ///   ``CheckpointError/duplicateTensor(name:file:)``.
  package func write(
    to url: URL, written: (Data) throws(CheckpointError) -> Void = { (_) throws(CheckpointError) in }
  ) throws(CheckpointError) {
    let name = url.path(percentEncoded: false)
    var seen: Set<String> = []
    for tensor in tensors where !seen.insert(tensor.name).inserted {
      throw .duplicateTensor(name: tensor.name, file: name)
    }
    let padded = withPadding()
    let partial = url.deletingLastPathComponent().appending(
      path: ".\(url.lastPathComponent).\(UUID().uuidString).partial")
    do {
      try Data().write(to: partial)
      let handle = try FileHandle(forWritingTo: partial)
      defer { try? handle.close() }
      var waiting = header(padded)
      try written(waiting)
      for tensor in padded {
        var count = 0
        for piece in 0..<tensor.pieces {
          let bytes = try tensor.bytes(piece)
          count += bytes.count
          waiting += bytes
          try written(bytes)
          let whole = waiting.count / Self.writeBytes * Self.writeBytes
          if whole > 0 {
            try handle.write(contentsOf: waiting.prefix(whole))
            waiting = Data(waiting.dropFirst(whole))
          }
        }
        guard count == tensor.byteCount else {
          throw CheckpointError.wrongShape(
            name: tensor.name, found: [count / tensor.type.size], expected: tensor.shape, file: name)
        }
      }
      try handle.write(contentsOf: waiting)
      try handle.synchronize()
      // Replaces what is there in one step; a mapping of the old file stays whole.
      guard rename(partial.path(percentEncoded: false), name) == 0 else {
        throw CheckpointError.notWritten(file: name, reason: String(cString: strerror(errno)))
      }
    } catch {
      try? FileManager.default.removeItem(at: partial)
      throw error as? CheckpointError ?? .notWritten(file: name, reason: fileErrorReason(error))
    }
  }

  /// What is written at once. The system then keeps the file in pages of 2 MB, where it can, and a mapping of it is read a
  /// quarter faster than one of many small pages.
  private static let writeBytes = 4 << 20

  /// The tensors with those that fill up to the next boundary between them.
  private func withPadding() -> [Tensor] {
    var result: [Tensor] = []
    for tensor in tensors {
      result.append(tensor)
      let excess = tensor.byteCount % Self.alignment
      if excess != 0 {
        let count = Self.alignment - excess
        let name = "\(Self.paddingPrefix)\(result.count)__"
        result.append(
          Tensor(name: name, type: .uint8, shape: [count], byteCount: count, pieces: 1) { _ in
            Data(count: count)
          })
      }
    }
    return result
  }

  /// The length and the JSON, filled up with spaces so that the data starts on a boundary.
  private func header(_ tensors: [Tensor]) -> Data {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      let end = offset + tensor.byteCount
      members.append(
        "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var json = Data("{\(members.joined(separator: ","))}".utf8)
    while (json.count + 8) % Self.alignment != 0 { json.append(UInt8(ascii: " ")) }
    let length = UInt64(json.count)
    return Data((0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }) + json
  }

  /// `text` as a JSON string.
  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
