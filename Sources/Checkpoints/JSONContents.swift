// JSON in the files of a model.

import SwiftletBasics

extension MappedFile {
  /// The header of the largest Whisper takes a few hundred kilobytes; parsed, JSON takes many times its size.
  private static let longestJSON = 16 << 20

  /// Parses a part of the file, the whole of it if no range is given.
  ///
  /// - Throws: ``CheckpointError/malformed(file:reason:)``.
  func json(in range: Range<Int>? = nil) throws(CheckpointError) -> JSONValue {
    let range = range ?? 0..<count
    guard range.count <= Self.longestJSON else {
      throw .malformed(file: name, reason: "its JSON is \(range.count) bytes long")
    }
    do {
      return try JSONValue(parsing: [UInt8](data[range]))
    } catch {
      throw .malformed(file: name, reason: "\(error) of its JSON")
    }
  }
}
