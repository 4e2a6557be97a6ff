// Makes PyTorch files with any pickle inside.

import Foundation

/// A zip file with stored entries, as torch.save writes it. Checksums are left at zero: the reader does not
/// look at them, and PyTorch's own are what the fixtures have.
struct ZipBuilder {
  private var content = Data()
  private var directory = Data()
  private var count: UInt16 = 0

  mutating func add(_ name: String, _ bytes: Data, method: UInt16 = 0, claimedSize: UInt32? = nil) {
    let start = UInt32(content.count)
    let size = claimedSize ?? UInt32(bytes.count)
    let fields: [UInt16] = [20, 0, method, 0, 0]
    func tail(_ data: inout Data) {
      for field in fields { data.append(littleEndian: field) }
      data.append(littleEndian: UInt32(0))
      data.append(littleEndian: size)
      data.append(littleEndian: size)
      data.append(littleEndian: UInt16(name.utf8.count))
      data.append(littleEndian: UInt16(0))
    }
    content.append(littleEndian: UInt32(0x0403_4B50))
    tail(&content)
    content.append(contentsOf: name.utf8)
    content.append(bytes)
    directory.append(littleEndian: UInt32(0x0201_4B50))
    directory.append(littleEndian: UInt16(20))
    tail(&directory)
    for _ in 0..<3 { directory.append(littleEndian: UInt16(0)) }
    directory.append(littleEndian: UInt32(0))
    directory.append(littleEndian: start)
    directory.append(contentsOf: name.utf8)
    count += 1
  }

  /// The whole file; `entries` overrides the number that its end claims.
  func finished(entries: UInt16? = nil, comment: String = "") -> Data {
    var result = content + directory
    result.append(littleEndian: UInt32(0x0605_4B50))
    result.append(littleEndian: UInt32(0))
    result.append(littleEndian: entries ?? count)
    result.append(littleEndian: entries ?? count)
    result.append(littleEndian: UInt32(directory.count))
    result.append(littleEndian: UInt32(content.count))
    result.append(littleEndian: UInt16(comment.utf8.count))
    result.append(contentsOf: comment.utf8)
    return result
  }
}

extension ZipBuilder {
  /// A file with one entry whose numbers all stand in ZIP64 records, as in files of more than four gigabytes.
  static func zip64(
    _ name: String, _ bytes: Data, size: UInt64? = nil, offset: UInt64 = 0, directory: UInt64? = nil
  ) -> Data {
    let size = size ?? UInt64(bytes.count)
    func header(_ data: inout Data, extra: Data) {
      for field in [UInt16(45), 0, 0, 0, 0] { data.append(littleEndian: field) }
      for field in [UInt32(0), .max, .max] { data.append(littleEndian: field) }
      data.append(littleEndian: UInt16(name.utf8.count))
      data.append(littleEndian: UInt16(extra.count))
    }
    func extra(_ numbers: [UInt64]) -> Data {
      // A field of another kind first, which must be passed over.
      var data = Data([0x55, 0x54, 2, 0, 9, 9])
      data.append(littleEndian: UInt16(1))
      data.append(littleEndian: UInt16(numbers.count * 8))
      for number in numbers { data.append(littleEndian: number) }
      return data
    }
    var content = Data()
    content.append(littleEndian: UInt32(0x0403_4B50))
    let local = extra([size, size])
    header(&content, extra: local)
    content.append(contentsOf: name.utf8)
    content.append(local)
    content.append(bytes)
    let start = UInt64(content.count)
    content.append(littleEndian: UInt32(0x0201_4B50))
    content.append(littleEndian: UInt16(45))
    let central = extra([size, size, offset])
    header(&content, extra: central)
    for _ in 0..<3 { content.append(littleEndian: UInt16(0)) }
    content.append(littleEndian: UInt32(0))
    content.append(littleEndian: UInt32.max)
    content.append(contentsOf: name.utf8)
    content.append(central)
    let end = UInt64(content.count)
    content.append(littleEndian: UInt32(0x0606_4B50))
    content.append(littleEndian: UInt64(44))
    for field in [UInt16(45), 45] { content.append(littleEndian: field) }
    for field in [UInt32(0), 0] { content.append(littleEndian: field) }
    for field in [UInt64(1), 1, end - start, directory ?? start] { content.append(littleEndian: field) }
    content.append(littleEndian: UInt32(0x0706_4B50))
    content.append(littleEndian: UInt32(0))
    content.append(littleEndian: end)
    content.append(littleEndian: UInt32(1))
    content.append(littleEndian: UInt32(0x0605_4B50))
    for field in [UInt16(0), 0, .max, .max] { content.append(littleEndian: field) }
    for field in [UInt32.max, .max] { content.append(littleEndian: field) }
    content.append(littleEndian: UInt16(0))
    return content
  }
}

extension Data {
  mutating func append(littleEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}

/// Instructions of a pickle, written one after another.
struct PickleBuilder {
  private(set) var bytes = Data([0x80, 2])

  static func stopping(_ build: (inout PickleBuilder) -> Void) -> Data {
    var builder = PickleBuilder()
    build(&builder)
    return builder.bytes + Data([0x2E])
  }

  mutating func op(_ character: Character) { bytes.append(character.asciiValue ?? 0) }
  mutating func raw(_ values: [UInt8]) { bytes.append(contentsOf: values) }

  mutating func text(_ text: String) {
    op("X")
    bytes.append(littleEndian: UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func integer(_ value: Int) {
    raw([0x8A, 8])
    bytes.append(littleEndian: Int64(value))
  }

  mutating func global(_ module: String, _ name: String) {
    op("c")
    bytes.append(contentsOf: "\(module)\n\(name)\n".utf8)
  }

  mutating func tuple(_ values: [Int]) {
    op("(")
    for value in values { integer(value) }
    op("t")
  }

  /// A tensor over the storage `data/0`.
  mutating func tensor(type: String = "FloatStorage", offset: Int, shape: [Int], strides: [Int]) {
    global("torch._utils", "_rebuild_tensor_v2")
    op("(")
    op("(")
    text("storage")
    global("torch", type)
    text("0")
    text("cpu")
    integer(4)
    op("t")
    op("Q")
    integer(offset)
    tuple(shape)
    tuple(strides)
    raw([0x89])
    op("}")
    op("t")
    op("R")
  }
}
