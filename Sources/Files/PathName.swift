// Names of files as text, whatever bytes they consist of.

/// The system's names are bytes, Swift's strings are Unicode. A byte that is not part of valid UTF-8 becomes a private scalar,
/// U+10FE80 to U+10FEFF for 0x80 to 0xFF, and turns back into that byte where the name goes to the system (Python calls this
/// "surrogateescape"). The bytes of a scalar that really is one of these are replaced the same way, so that every name
/// survives the way there and back.
extension String {
  private static let escapes: ClosedRange<UInt32> = 0x10FE80...0x10FEFF
  private static let escapeBase: UInt32 = 0x10FE00

  /// The text that stands for a name.
  package init(pathBytes: some Sequence<UInt8>) {
    let bytes = Array(pathBytes)
    self = ""
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var position = 0
    while true {
      let count: Int
      switch parser.parseScalar(from: &iterator) {
      case .emptyInput: return
      case .error(let length): count = length
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        if !Self.escapes.contains(scalar.value) {
          unicodeScalars.append(scalar)
          position += encoded.count
          continue
        }
        count = encoded.count
      }
      unicodeScalars.append(
        contentsOf: bytes[position..<position + count].compactMap {
          Unicode.Scalar(Self.escapeBase + UInt32($0))
        })
      position += count
    }
  }

  /// The bytes of the name that this text stands for.
  package var pathBytes: [UInt8] {
    guard unicodeScalars.contains(where: { Self.escapes.contains($0.value) }) else { return Array(utf8) }
    var bytes: [UInt8] = []
    for scalar in unicodeScalars {
      if Self.escapes.contains(scalar.value) {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    return bytes
  }

  /// Whether the name is valid UTF-8, so that this text is what others call it, too.
  package var isPathText: Bool { !unicodeScalars.contains { Self.escapes.contains($0.value) } }

  /// Calls `body` with the name as the system takes it.
  package func withSystemPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    let bytes = pathBytes
    // No file has a zero byte in its name, but the part before it could be the name of another one.
    let name = bytes.contains(0) ? [] : bytes
    return (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
      guard let address = buffer.baseAddress else { return body("") }
      return body(address)
    }
  }

  /// The name for messages: what a terminal would obey, and what is not text, is written as `\xE9`, `\n` or `\t`.
  package var displayedPath: String {
    var shown = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "\n": shown += "\\n"
      case "\r": shown += "\\r"
      case "\t": shown += "\\t"
      case _ where Self.escapes.contains(scalar.value):
        shown += escaped(UInt8(truncatingIfNeeded: scalar.value))
      case _ where scalar.isTerminalCommand:
        shown += (UTF8.encode(scalar).map(Array.init) ?? []).map(escaped).joined()
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// What follows the last slash.
  package var lastPathComponent: String {
    guard let slash = unicodeScalars.lastIndex(of: "/") else { return self }
    return String(unicodeScalars[unicodeScalars.index(after: slash)...])
  }

  /// The folder that the path leads into, `.` for a name alone.
  package var parentFolder: String {
    guard let slash = unicodeScalars.lastIndex(of: "/") else { return "." }
    return slash == startIndex ? "/" : String(unicodeScalars[..<slash])
  }

  /// A path below this folder.
  package func appendingPath(_ name: String) -> String {
    name.isEmpty ? self : unicodeScalars.last == "/" ? self + name : self + "/" + name
  }
}

private func escaped(_ byte: UInt8) -> String {
  let digits = Array("0123456789ABCDEF")
  return "\\x\(digits[Int(byte) >> 4])\(digits[Int(byte) & 15])"
}

extension Unicode.Scalar {
  /// Control characters, ends of lines, and marks that turn the direction of text around.
  fileprivate var isTerminalCommand: Bool {
    switch value {
    case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
