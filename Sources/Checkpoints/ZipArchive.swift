// The directory of a zip file whose entries are stored without compression, as torch.save writes them.

import Foundation

/// The entries of a zip file (PKWARE's APPNOTE 6.3.10), ZIP64 included; only stored entries can be read.
struct ZipArchive {
  /// Signatures of the records.
  private enum Signature {
    static let localHeader: UInt32 = 0x0403_4B50
    static let centralHeader: UInt32 = 0x0201_4B50
    static let end: UInt32 = 0x0605_4B50
    static let end64: UInt32 = 0x0606_4B50
    static let locator64: UInt32 = 0x0706_4B50
  }

  let file: MappedFile
  /// Where the bytes of each entry are, by its name.
  private(set) var entries: [String: Range<Int>] = [:]

  init(_ file: MappedFile) throws(CheckpointError) {
    self.file = file
    let end = try Self.findEnd(file)
    // Where the last record that is not part of the directory starts: no entry may reach past it.
    var directoryEnd = end
    var count = UInt64(try file.integer(at: end + 10, as: UInt16.self, what: "the zip's end"))
    var size = UInt64(try file.integer(at: end + 12, as: UInt32.self, what: "the zip's end"))
    var offset = UInt64(try file.integer(at: end + 16, as: UInt32.self, what: "the zip's end"))
    if end >= 20, try file.integer(at: end - 20, as: UInt32.self, what: "the locator") == Signature.locator64
    {
      let place = try file.integer(at: end - 12, as: UInt64.self, what: "the zip64 locator")
      guard let end64 = Int(exactly: place),
        try file.integer(at: end64, as: UInt32.self, what: "the zip64 end") == Signature.end64
      else { throw .malformed(file: file.name, reason: "its zip64 locator points at \(place)") }
      directoryEnd = end64
      count = try file.integer(at: end64 + 32, as: UInt64.self, what: "the zip64 end")
      size = try file.integer(at: end64 + 40, as: UInt64.self, what: "the zip64 end")
      offset = try file.integer(at: end64 + 48, as: UInt64.self, what: "the zip64 end")
    }
    guard let start = Int(exactly: offset), let length = Int(exactly: size), start <= directoryEnd,
      length <= directoryEnd - start
    else { throw .malformed(file: file.name, reason: "its zip directory lies outside the file") }
    var reader = ByteReader(file, range: try file.range(at: start, count: length, what: "the zip directory"))
    var left = count
    // Each entry takes bytes of the directory, so that a wrong count ends with an error, not with a long
    // loop.
    while left > 0 {
      try readEntry(&reader, directoryStart: start)
      left -= 1
    }
  }

  /// The record at the end, which a comment of at most 65535 bytes may follow.
  private static func findEnd(_ file: MappedFile) throws(CheckpointError) -> Int {
    let last = file.count - 22
    var position = last
    while position >= max(0, last - 65535) {
      if try file.integer(at: position, as: UInt32.self, what: "the zip's end") == Signature.end {
        return position
      }
      position -= 1
    }
    throw .malformed(
      file: file.name, reason: "it has no zip directory at its end and is probably cut short")
  }

  private mutating func readEntry(_ reader: inout ByteReader, directoryStart: Int) throws(CheckpointError) {
    let what = "the zip directory"
    guard try reader.integer(UInt32.self, what: what) == Signature.centralHeader else {
      throw .malformed(file: file.name, reason: "its zip directory has a wrong signature")
    }
    _ = try reader.skip(4, what: what)
    let flags = try reader.integer(UInt16.self, what: what)
    let method = try reader.integer(UInt16.self, what: what)
    _ = try reader.skip(8, what: what)
    var packed = UInt64(try reader.integer(UInt32.self, what: what))
    var unpacked = UInt64(try reader.integer(UInt32.self, what: what))
    let nameLength = Int(try reader.integer(UInt16.self, what: what))
    let extraLength = Int(try reader.integer(UInt16.self, what: what))
    let commentLength = Int(try reader.integer(UInt16.self, what: what))
    _ = try reader.skip(8, what: what)
    var offset = UInt64(try reader.integer(UInt32.self, what: what))
    let name = try reader.text(nameLength, what: "the name of a zip entry")
    var extra = ByteReader(file, range: try reader.skip(extraLength, what: what))
    _ = try reader.skip(commentLength, what: what)
    try Self.readZip64(&extra, unpacked: &unpacked, packed: &packed, offset: &offset)

    guard method == 0, flags & 1 == 0, packed == unpacked else {
      throw .unsupported(
        file: file.name, what: "the compressed or encrypted zip entry \(name)",
        advice: "Save the model with torch.save, which does not compress entries.")
    }
    guard let start = Int(exactly: offset), let size = Int(exactly: unpacked), start <= directoryStart - 30
    else {
      throw .malformed(file: file.name, reason: "zip entry \(name) lies outside the file")
    }
    let range = try dataRange(name: name, header: start, size: size, directoryStart: directoryStart)
    guard entries.updateValue(range, forKey: name) == nil else {
      throw .malformed(file: file.name, reason: "zip entry \(name) appears twice")
    }
  }

  /// Numbers that do not fit 32 bits stand in an extra field, those that are all ones in the entry, in this
  /// order.
  private static func readZip64(
    _ extra: inout ByteReader, unpacked: inout UInt64, packed: inout UInt64, offset: inout UInt64
  ) throws(CheckpointError) {
    let what = "the extra field of a zip entry"
    while extra.end - extra.position >= 4 {
      let kind = try extra.integer(UInt16.self, what: what)
      let field = try extra.skip(Int(try extra.integer(UInt16.self, what: what)), what: what)
      guard kind == 1 else { continue }
      var reader = ByteReader(extra.file, range: field)
      if unpacked == UInt32.max { unpacked = try reader.integer(UInt64.self, what: what) }
      if packed == UInt32.max { packed = try reader.integer(UInt64.self, what: what) }
      if offset == UInt32.max { offset = try reader.integer(UInt64.self, what: what) }
    }
  }

  /// The bytes after the local header, whose name and extra field have lengths of their own.
  private func dataRange(
    name: String, header: Int, size: Int, directoryStart: Int
  ) throws(CheckpointError) -> Range<Int> {
    let what = "zip entry \(name)"
    guard try file.integer(at: header, as: UInt32.self, what: what) == Signature.localHeader else {
      throw .malformed(file: file.name, reason: "\(what) does not start where the directory says")
    }
    let nameLength = Int(try file.integer(at: header + 26, as: UInt16.self, what: what))
    let extraLength = Int(try file.integer(at: header + 28, as: UInt16.self, what: what))
    let start = header + 30 + nameLength + extraLength
    guard start <= directoryStart, size <= directoryStart - start else {
      throw .truncated(file: file.name, what: what, needed: size, available: max(0, directoryStart - start))
    }
    return start..<(start + size)
  }
}
