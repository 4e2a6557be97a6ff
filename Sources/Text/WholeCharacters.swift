// Text of tokens that may cut characters apart.

extension Tokenizer {
  /// The texts of runs of tokens that follow each other. A character whose bytes are in several of them belongs to the one
  /// where it begins; bytes that never become one, and U+FFFD itself, are left out.
  package func texts(of runs: [some Sequence<Int>]) -> [String] {
    var bytes: [UInt8] = []
    let ends = runs.map { run in
      bytes.append(contentsOf: self.bytes(of: run))
      return bytes.count
    }
    var texts = ends.map { _ in String.UnicodeScalarView() }
    var run = 0
    var offset = 0
    var parser = Unicode.UTF8.ForwardParser()
    var input = bytes.makeIterator()
    parsing: while true {
      let length: Int
      var scalar: Unicode.Scalar?
      switch parser.parseScalar(from: &input) {
      case .valid(let encoded):
        length = encoded.count
        scalar = Unicode.UTF8.decode(encoded)
      case .error(let count): length = count
      case .emptyInput: break parsing
      }
      while offset >= ends[run] { run += 1 }
      if let scalar, scalar != "\u{FFFD}" { texts[run].append(scalar) }
      offset += length
    }
    return texts.map { String($0) }
  }

  /// The text of `tokens`, without bytes that are no character.
  package func text(of tokens: some Sequence<Int>) -> String { texts(of: [tokens])[0] }

  /// `tokens` without those at the end that begin a character and do not end it.
  package func wholeCharacters(of tokens: [Int]) -> [Int] {
    var whole = tokens
    while let last = whole.last, !bytes(of: last).isEmpty {
      let tail = bytes(of: whole.suffix(4))
      guard tail.endsWithinCharacter else { return whole }
      whole.removeLast()
    }
    return whole
  }
}

extension [UInt8] {
  /// Whether the last bytes begin a character of UTF-8 that is longer than they are.
  fileprivate var endsWithinCharacter: Bool {
    guard let lead = suffix(3).lastIndex(where: { $0 & 0xC0 != 0x80 }), self[lead] >= 0xC2 else {
      return false
    }
    let length = self[lead] < 0xE0 ? 2 : self[lead] < 0xF0 ? 3 : self[lead] < 0xF5 ? 4 : 1
    return count - lead < length
  }
}

extension String {
  /// Without U+FFFD, which stands for bytes that are no character.
  package var withoutReplacementCharacters: String {
    var scalars = unicodeScalars
    scalars.removeAll { $0 == "\u{FFFD}" }
    return String(scalars)
  }
}
