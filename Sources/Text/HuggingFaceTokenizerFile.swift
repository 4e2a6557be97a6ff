// Reads the vocabularies of Hugging Face's models.

import SwiftletBasics

/// A `tokenizer.json` that holds a byte-level BPE with Whisper's special tokens, or the three files that
/// older models have in its place.
enum HuggingFaceTokenizerFile {
  /// Reads the JSON; `merges` may be strings (`"Ġ t"`) or pairs (`["Ġ", "t"]`), as the library's versions
  /// write them.
  static func read(_ json: [UInt8], file: String) throws(TokenizerError) -> VocabularyContents {
    let model = try parse(json, file: file)
    if let kind = model.kind, kind != "BPE" { throw .unsupportedTokenizer(file: file, kind: kind) }
    return try contents(of: model, file: file)
  }

  /// Reads `vocab.json` (ids by token), `merges.txt` (two halves a line) and `added_tokens.json` (ids of
  /// special tokens).
  ///
  /// - Parameter file: The name of the first, for errors that concern all.
  static func read(
    vocabulary: [UInt8], merges: (text: [UInt8], file: String), added: (json: [UInt8], file: String),
    file: String
  ) throws(TokenizerError) -> VocabularyContents {
    var model = Model()
    try parseJSON(vocabulary, file: file) { reader throws(JSONError) in
      try reader.readObject { reader, token throws(JSONError) in
        model.vocabulary.append((token, try reader.readInteger()))
      }
    }
    try parseJSON(added.json, file: added.file) { reader throws(JSONError) in
      try reader.readObject { reader, token throws(JSONError) in
        model.added[token] = try reader.readInteger()
      }
    }
    for (number, line) in merges.text.split(separator: UInt8(ascii: "\n")).enumerated() {
      // The first line is a comment with a version.
      if number == 0, line.starts(with: "#version".utf8) { continue }
      guard let space = line.firstIndex(of: UInt8(ascii: " ")) else {
        throw .malformedLine(file: merges.file, line: number + 1, reason: "a merge must have two halves")
      }
      model.merges.append(String(decoding: line[..<space] + line[(space + 1)...], as: UTF8.self))
    }
    return try contents(of: model, file: file)
  }

  private static func contents(of model: Model, file: String) throws(TokenizerError) -> VocabularyContents {
    var named = model.added
    if named["<|endoftext|>"] == nil {
      named["<|endoftext|>"] = model.vocabulary.first { $0.token == "<|endoftext|>" }?.id
    }
    let specials = try SpecialTokens(named: named, file: file)
    let contents = try VocabularyContents(
      table: try table(of: model, upTo: specials.endOfText, file: file), specials: specials, file: file)
    try check(model.merges, against: contents.table, file: file)
    return contents
  }

  /// What of the file matters.
  private struct Model {
    var kind: String?
    var vocabulary: [(token: String, id: Int)] = []
    /// What each merge makes: both halves put together.
    var merges: [String] = []
    /// The special tokens.
    var added: [String: Int] = [:]
  }

  private static func parse(_ json: [UInt8], file: String) throws(TokenizerError) -> Model {
    var model = Model()
    try parseJSON(json, file: file) { reader throws(JSONError) in
      try reader.readObject { reader, name throws(JSONError) in
        switch name {
        case "model": try parseModel(&reader, into: &model)
        case "added_tokens":
          try reader.readArray { reader throws(JSONError) in try parseAddedToken(&reader, into: &model) }
        default: try reader.skipValue()
        }
      }
    }
    return model
  }

  private static func parseModel(_ reader: inout JSONReader, into model: inout Model) throws(JSONError) {
    try reader.readObject { reader, name throws(JSONError) in
      switch name {
      case "type": model.kind = try reader.readOptionalString()
      case "vocab":
        try reader.readObject { reader, token throws(JSONError) in
          model.vocabulary.append((token, try reader.readInteger()))
        }
      case "merges":
        try reader.readArray { reader throws(JSONError) in
          var joined = ""
          if reader.isAtArray() {
            try reader.readArray { reader throws(JSONError) in joined += try reader.readString() }
          } else {
            // The alphabet of the tokens has no space, so this is the one between the halves.
            joined = try reader.readString()
            if let space = joined.utf8.firstIndex(of: UInt8(ascii: " ")) { joined.remove(at: space) }
          }
          model.merges.append(joined)
        }
      default: try reader.skipValue()
      }
    }
  }

  private static func parseAddedToken(
    _ reader: inout JSONReader, into model: inout Model
  ) throws(JSONError) {
    var id: Int?
    var content: String?
    try reader.readObject { reader, name throws(JSONError) in
      switch name {
      case "id": id = try reader.readInteger()
      case "content": content = try reader.readString()
      default: try reader.skipValue()
      }
    }
    guard let id, let content else { throw reader.error("an added token has no id or no content") }
    model.added[content] = id
  }

  /// The ordinary tokens in the order of their ids, which must have no gap.
  private static func table(of model: Model, upTo end: Int, file: String) throws(TokenizerError) -> TokenTable
  {
    // With no gap, no id can be past the number of tokens.
    var ordered = [String?](repeating: nil, count: model.vocabulary.count)
    for (token, id) in model.vocabulary {
      guard ordered.indices.contains(id), ordered[id] == nil else {
        throw .malformedJSON(
          file: file, reason: "the id \(id) is repeated or exceeds the \(ordered.count) tokens")
      }
      ordered[id] = token
    }
    var table = TokenTable()
    for (id, token) in ordered.prefix(end).enumerated() {
      guard let token else { throw .missingToken(file: file, id: id) }
      guard table.append({ ByteAlphabet.append(token, to: &$0) }) else {
        throw .invalidToken(file: file, id: id, token: token)
      }
    }
    return table
  }

  /// Merging by id is right only if each merge makes a token with a higher id than the merge before it.
  private static func check(
    _ merges: [String], against table: TokenTable, file: String
  ) throws(TokenizerError) {
    var highest = -1
    var bytes: [UInt8] = []
    for (number, merge) in merges.enumerated() {
      bytes.removeAll(keepingCapacity: true)
      guard ByteAlphabet.append(merge, to: &bytes), let id = table.id(of: bytes, 0..<bytes.count),
        id > highest
      else { throw .mergesOutOfOrder(file: file, merge: number) }
      highest = id
    }
  }
}
