// multipart/form-data (RFC 7578) as it arrives.

#if Server
import Foundation

/// Splits the body of a form into its parts, whatever the pieces are in which it comes.
///
/// It keeps at most one piece and a delimiter in memory.
struct MultipartParser {
  enum Event: Equatable {
    case part(PartHeaders)
    /// Of the part before.
    case data(Data)
  }

  struct PartHeaders: Equatable {
    var name: String
    /// Nil for a field that is not a file.
    var filename: String?
    var contentType: String?
  }

  enum Failure: Error, Equatable {
    case noBoundary
    /// The body ends before its last delimiter.
    case truncated
    case malformed(String)
  }

  /// Bytes of headers that a part may have, and parts.
  static let headerLimit = 16_384
  static let partLimit = 128

  private enum State {
    case preamble, afterDelimiter, headers, bodyStart, body, end
  }

  private let delimiter: Data
  private var state = State.preamble
  /// What has come and is not taken yet. A line's end goes before the first delimiter, too.
  private var buffer = Data("\r\n".utf8)
  private var parts = 0

  /// - Parameter contentType: the header of the request.
  init(contentType: String) throws(Failure) {
    let kind = contentType.split(separator: ";").first?.trimmed.lowercased()
    guard kind == "multipart/form-data", let boundary = Self.parameters(of: contentType)["boundary"],
      (1...70).contains(boundary.utf8.count)
    else { throw .noBoundary }
    delimiter = Data("\r\n--\(boundary)".utf8)
  }

  /// Takes in a piece of the body.
  mutating func append(_ bytes: some Sequence<UInt8>) throws(Failure) -> [Event] {
    buffer.append(contentsOf: bytes)
    var events: [Event] = []
    while try step(&events) {}
    // A copy, so that what was taken is freed.
    buffer = Data(buffer)
    return events
  }

  /// - Throws: ``Failure/truncated`` if the last delimiter has not come.
  func finish() throws(Failure) {
    guard state == .end else { throw .truncated }
  }

  /// - Returns: whether there may be more to do.
  private mutating func step(_ events: inout [Event]) throws(Failure) -> Bool {
    switch state {
    case .preamble:
      guard let found = search() else {
        keepTail()
        return false
      }
      buffer = buffer[found.upperBound...]
      state = .afterDelimiter
    case .afterDelimiter:
      // Spaces may follow a delimiter.
      while let first = buffer.first, first == 32 || first == 9 { buffer.removeFirst() }
      guard buffer.count >= 2 else { return false }
      let two = Array(buffer.prefix(2))
      if two == Array("--".utf8) {
        state = .end
      } else if two == Array("\r\n".utf8) {
        state = .headers
        buffer = buffer.dropFirst(2)
      } else {
        throw .malformed("A part's delimiter is not followed by a line's end.")
      }
    case .headers:
      // A part without headers begins with the empty line.
      let isEmpty = buffer.starts(with: "\r\n".utf8)
      guard
        let end = isEmpty ? buffer.startIndex..<buffer.startIndex : buffer.range(of: Data("\r\n\r\n".utf8))
      else {
        guard buffer.count <= Self.headerLimit else {
          throw .malformed("The headers of a part have more than \(Self.headerLimit) bytes.")
        }
        return false
      }
      guard end.lowerBound - buffer.startIndex <= Self.headerLimit else {
        throw .malformed("The headers of a part have more than \(Self.headerLimit) bytes.")
      }
      parts += 1
      guard parts <= Self.partLimit else {
        throw .malformed("The form has more than \(Self.partLimit) parts.")
      }
      events.append(.part(try Self.headers(buffer[buffer.startIndex..<end.lowerBound])))
      // The last line's end stays: it may belong to a delimiter, where the part is empty.
      buffer = buffer[(end.upperBound - (isEmpty ? 0 : 2))...]
      state = .bodyStart
    case .bodyStart:
      if buffer.count < delimiter.count, delimiter.starts(with: buffer) { return false }
      if !buffer.starts(with: delimiter) { buffer = buffer.dropFirst(2) }
      state = .body
    case .body:
      guard let found = search() else {
        let kept = min(buffer.count, delimiter.count - 1)
        if buffer.count > kept { events.append(.data(Data(buffer.dropLast(kept)))) }
        keepTail()
        return false
      }
      if found.lowerBound > buffer.startIndex {
        events.append(.data(Data(buffer[buffer.startIndex..<found.lowerBound])))
      }
      buffer = buffer[found.upperBound...]
      state = .afterDelimiter
    case .end:
      buffer = Data()
      return false
    }
    return true
  }

  private func search() -> Range<Data.Index>? { buffer.range(of: delimiter) }

  private mutating func keepTail() { buffer = buffer.suffix(delimiter.count - 1) }

  // MARK: Headers

  private static func headers(_ bytes: Data) throws(Failure) -> PartHeaders {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed("The headers of a part are not UTF-8.")
    }
    var headers = PartHeaders(name: "")
    var hasName = false
    for line in text.components(separatedBy: "\r\n") where !line.isEmpty {
      guard let colon = line.firstIndex(of: ":") else {
        throw .malformed("A part has a header without a colon.")
      }
      let value = line[line.index(after: colon)...].trimmed
      switch line[..<colon].trimmed.lowercased() {
      case "content-disposition":
        let parameters = parameters(of: value)
        guard value.lowercased().hasPrefix("form-data"), let name = parameters["name"] else {
          throw .malformed("A part of the form has no name.")
        }
        headers.name = name
        headers.filename = parameters["filename*"].flatMap(extendedValue) ?? parameters["filename"]
        hasName = true
      case "content-type": headers.contentType = value
      default: break
      }
    }
    guard hasName else { throw .malformed("A part of the form has no name.") }
    return headers
  }

  /// The parameters of a header: `form-data; name="file"; filename="a.wav"`.
  private static func parameters(of value: String) -> [String: String] {
    var result: [String: String] = [:]
    var rest = value.firstIndex(of: ";").map { value[value.index(after: $0)...] } ?? ""
    while let equals = rest.firstIndex(of: "=") {
      let name = rest[..<equals].trimmed.lowercased()
      rest = rest[rest.index(after: equals)...]
      while rest.first == " " { rest.removeFirst() }
      var content = ""
      if rest.first == "\"" {
        rest.removeFirst()
        while let character = rest.popFirst(), character != "\"" {
          // Browsers write %22 for a quotation mark; others a backslash before it, and Windows paths have backslashes.
          if character == "\\", let next = rest.first, next == "\"" || next == "\\" {
            content.append(next)
            rest.removeFirst()
          } else {
            content.append(character)
          }
        }
        content = content.replacing("%22", with: "\"").replacing("%0D%0A", with: "\n")
      } else {
        content = (rest.firstIndex(of: ";").map { rest[..<$0] } ?? rest).trimmed
      }
      if result[name] == nil { result[name] = content }
      rest = rest.firstIndex(of: ";").map { rest[rest.index(after: $0)...] } ?? ""
    }
    return result
  }

  /// The value of an extended parameter: `UTF-8''na%C3%AFve.wav` (RFC 5987).
  private static func extendedValue(_ value: String) -> String? {
    let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].lowercased() == "utf-8" else { return nil }
    return String(parts[2]).removingPercentEncoding
  }
}

extension StringProtocol {
  var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
#endif
