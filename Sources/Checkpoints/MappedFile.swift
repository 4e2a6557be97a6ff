// A file seen as bytes, mapped read-only, with every access checked against its end.

package import Foundation

/// The bytes of a regular file, mapped read-only: opening costs nothing, pages are read when they are
/// touched.
///
/// Like every mapping, it is only as good as the file: if another process cuts the file short while it is
/// being read, the system ends this process. Writers therefore replace files and do not rewrite them.
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
    let resolved = url.resolvingSymlinksInPath().path(percentEncoded: false)
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved) else {
      throw .notFound(file: name)
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else { throw .notAFile(file: name) }
    do {
      data = try Data(contentsOf: url, options: .alwaysMapped)
    } catch {
      throw .unreadable(file: name, reason: error.localizedDescription)
    }
    if data.isEmpty { throw .emptyFile(file: name) }
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
