// Reads a mapped file from front to back.

import Foundation

/// A position in a mapped file that moves over numbers, texts and runs of bytes; nothing is read past `end`.
struct ByteReader {
  let file: MappedFile
  private(set) var position: Int
  let end: Int

  init(_ file: MappedFile) { self.init(file, range: 0..<file.count) }

  /// A reader over a part of the file; `range` must have come from ``MappedFile/range(at:count:what:)``.
  init(_ file: MappedFile, range: Range<Int>) {
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { position == end }

  /// Moves over `count` bytes and gives where they lie.
  mutating func skip(_ count: Int, what: @autoclosure () -> String) throws(CheckpointError) -> Range<Int> {
    guard count >= 0, count <= end - position else {
      throw .truncated(file: file.name, what: what(), needed: count, available: end - position)
    }
    defer { position += count }
    return position..<(position + count)
  }

  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type, what: @autoclosure () -> String
  ) throws(CheckpointError) -> Value {
    let range = try skip(MemoryLayout<Value>.size, what: what())
    return try file.integer(at: range.lowerBound, as: type, what: what())
  }

  /// A 32-bit count that must not be negative.
  mutating func count(what: @autoclosure () -> String) throws(CheckpointError) -> Int {
    Int(try integer(UInt32.self, what: what()))
  }

  /// `count` bytes of UTF-8.
  mutating func text(_ count: Int, what: @autoclosure () -> String) throws(CheckpointError) -> String {
    let range = try skip(count, what: what())
    guard let text = String(validating: file.data[range], as: UTF8.self) else {
      throw .malformed(file: file.name, reason: "\(what()) is not UTF-8 text")
    }
    return text
  }

  /// The bytes up to the next line feed, which is passed over, as UTF-8.
  mutating func line(what: @autoclosure () -> String) throws(CheckpointError) -> String {
    guard let feed = file.data[position..<end].firstIndex(of: 0x0A) else {
      throw .truncated(file: file.name, what: what(), needed: end - position + 1, available: end - position)
    }
    let line = try text(feed - position, what: what())
    position = feed + 1
    return line
  }
}
