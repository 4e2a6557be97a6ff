// Reads the vocabularies of models that were converted for CTranslate2.

import SwiftletBasics

/// `vocabulary.json`, a list of strings, or the older `vocabulary.txt`, one string a line: all tokens by id,
/// the ordinary ones in the alphabet of byte-level BPE. Merges are not in it; the order of the ids gives
/// them.
enum ConvertedVocabularyFile {
  static func read(json: [UInt8], file: String) throws(TokenizerError) -> VocabularyContents {
    var tokens: [String] = []
    try parseJSON(json, file: file) { reader throws(JSONError) in
      try reader.readArray { reader throws(JSONError) in tokens.append(try reader.readString()) }
    }
    return try read(tokens, file: file)
  }

  static func read(text: [UInt8], file: String) throws(TokenizerError) -> VocabularyContents {
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return try read(lines.map { String(decoding: $0, as: UTF8.self) }, file: file)
  }

  private static func read(_ tokens: [String], file: String) throws(TokenizerError) -> VocabularyContents {
    guard let endOfText = tokens.firstIndex(of: "<|endoftext|>") else {
      throw .missingSpecialToken(file: file, name: "<|endoftext|>")
    }
    var table = TokenTable()
    for (id, token) in tokens[..<endOfText].enumerated() {
      guard table.append({ ByteAlphabet.append(token, to: &$0) }) else {
        throw .invalidToken(file: file, id: id, token: token)
      }
    }
    var named: [String: Int] = [:]
    for id in endOfText..<tokens.count {
      // A model whose embedding was padded names the rows that nothing uses.
      guard tokens[id].hasPrefix("<|") else { continue }
      guard named.updateValue(id, forKey: tokens[id]) == nil else {
        throw .misplacedSpecialToken(file: file, name: tokens[id], id: id)
      }
    }
    let specials = try SpecialTokens(named: named, file: file)
    // These files list every id, so one that ends early was cut.
    for id in specials.timestampBegin..<specials.vocabularySize {
      guard id < tokens.count, tokens[id] == specials.timestampName(of: id) else {
        throw .missingSpecialToken(file: file, name: specials.timestampName(of: id) ?? "")
      }
    }
    return try VocabularyContents(table: table, specials: specials, file: file)
  }
}

/// Reads a vocabulary's JSON, which must hold what `body` reads and nothing else.
func parseJSON(
  _ json: [UInt8], file: String, _ body: (inout JSONReader) throws(JSONError) -> Void
) throws(TokenizerError) {
  var reader = JSONReader(json)
  do {
    try body(&reader)
    try reader.expectEnd()
  } catch {
    throw .malformedJSON(file: file, reason: "\(error)")
  }
}
