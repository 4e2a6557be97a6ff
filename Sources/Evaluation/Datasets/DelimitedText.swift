// Tables as text: CSV with quotes (RFC 4180), TSV without.

/// Cuts a table into records and fields.
///
/// A record that is not well formed is told as such, and reading goes on with the line after the one that it began in, so
/// that a quote that is never closed costs one record and not the rest of the table.
struct DelimitedText: Sequence, IteratorProtocol {
  struct Record {
    /// Where it begins, from 1.
    let line: Int
    let fields: Result<[String], Malformed>
  }

  /// What is wrong with a record, in words that complete "line 7: ".
  struct Malformed: Error { let reason: String }

  private let bytes: [UInt8]
  private let delimiter: UInt8
  private let hasQuotes: Bool
  private var position = 0
  private var line = 1

  /// - Parameter hasQuotes: whether a field may stand in double quotes, and then hold delimiters and line ends.
  init(_ bytes: [UInt8], delimiter: Unicode.Scalar, hasQuotes: Bool) {
    self.bytes = bytes
    self.delimiter = UInt8(ascii: delimiter)
    self.hasQuotes = hasQuotes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next record that is not an empty line.
  mutating func next() -> Record? {
    while position < bytes.count {
      let (begin, first) = (position, line)
      if takeLineEnd() { continue }
      do throws(Malformed) {
        return Record(line: first, fields: .success(try fields()))
      } catch {
        (position, line) = (begin, first)
        while position < bytes.count, !takeLineEnd() { position += 1 }
        return Record(line: first, fields: .failure(error))
      }
    }
    return nil
  }

  private mutating func fields() throws(Malformed) -> [String] {
    var fields = [try field()]
    while position < bytes.count, !takeLineEnd() {
      // The field ended here, and not with the line.
      position += 1
      fields.append(try field())
    }
    return fields
  }

  private mutating func field() throws(Malformed) -> String {
    if hasQuotes, position < bytes.count, bytes[position] == Self.quote { return try quotedField() }
    let begin = position
    while position < bytes.count, bytes[position] != delimiter, !isAtLineEnd { position += 1 }
    return try text(bytes[begin..<position])
  }

  private mutating func quotedField() throws(Malformed) -> String {
    var field: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == Self.newline { line += 1 }
      guard byte == Self.quote else {
        field.append(byte)
        continue
      }
      if position < bytes.count, bytes[position] == Self.quote {
        field.append(byte)
        position += 1
      } else if position == bytes.count || bytes[position] == delimiter || isAtLineEnd {
        return try text(field[...])
      } else {
        throw Malformed(
          reason: "there is text after a closing quote; double any quotes inside a quoted field")
      }
    }
    throw Malformed(reason: "a quote is not closed")
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Malformed(reason: "the text is not UTF-8")
    }
    return text
  }

  private var isAtLineEnd: Bool {
    bytes[position] == Self.newline
      || bytes[position] == Self.carriageReturn && position + 1 < bytes.count
        && bytes[position + 1] == Self.newline
  }

  private mutating func takeLineEnd() -> Bool {
    guard isAtLineEnd else { return false }
    position += bytes[position] == Self.newline ? 1 : 2
    line += 1
    return true
  }

  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
}
