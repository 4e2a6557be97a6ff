// A file seen as bytes, mapped read-only, with every access checked against its end.

package import Foundation
package import SwiftletFiles

/// The bytes of a regular file, mapped read-only: opening costs nothing, pages are read when they are
/// touched.
package struct MappedFile: Sendable {
  /// The path, as errors show it.
  package let name: String
  package let url: URL
  /// The contents; indices start at 0.
  package let data: Data

  package var count: Int { data.count }

  /// Maps the file at `url`.
  ///
  /// - Throws: ``CheckpointError/notFound(file:)``, ``CheckpointError/notAFile(file:)`` (a pipe would block for
  ///   ever), ``CheckpointError/emptyFile(file:)``, ``CheckpointError/unreadable(file:reason:)``.
  package init(_ url: URL) throws(CheckpointError) {
    self.url = url
    name = url.path(percentEncoded: false)
    data = try Self.map(url).data
  }

  /// Maps the file at `url` for who needs its address.
  ///
  /// - Throws: what ``init(_:)`` does.
  package static func map(_ url: URL) throws(CheckpointError) -> MappedMemory {
    let name = url.path(percentEncoded: false)
    guard let (kind, size) = try? SystemFiles.status(of: name) else { throw .notFound(file: name) }
    guard kind == .regular else { throw .notAFile(file: name) }
    if size == 0 { throw .emptyFile(file: name) }
    do {
      return try MappedMemory(path: name)
    } catch {
      throw .unreadable(file: name, reason: "\(error)")
    }
  }

  /// Bytes that are in memory already.
  ///
  /// - Parameter name: what errors call them.
  package init(name: String, data: Data) {
    self.name = name
    self.data = data
    url = URL(filePath: name)
  }

  /// Checks that `count` bytes lie at `offset` and gives their range.
  func range(at offset: Int, count: Int, what: @autoclosure () -> String) throws(CheckpointError) -> Range<
    Int
  > {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      let available = max(0, self.count - max(0, min(offset, self.count)))
      throw .truncated(file: name, what: what(), needed: count, available: available)
    }
    return offset..<(offset + count)
  }

  /// The little-endian integer at `offset`, which need not be aligned.
  func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Value.Type, what: @autoclosure () -> String
  ) throws(CheckpointError) -> Value {
    let range = try range(at: offset, count: MemoryLayout<Value>.size, what: what())
    return Value(littleEndian: data.bytes.unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: type))
  }
}
