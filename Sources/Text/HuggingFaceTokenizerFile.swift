// Reads `tokenizer.json` of Hugging Face's tokenizers.

import Foundation

/// A `tokenizer.json` that holds a byte-level BPE with Whisper's special tokens.
enum HuggingFaceTokenizerFile {
  /// Reads the JSON; `merges` may be strings (`"Ġ t"`) or pairs (`["Ġ", "t"]`), as the library's versions write them.
  static func read(_ json: Data, file: String) throws(TokenizerError) -> VocabularyContents {
    let contents: Contents
    do {
      contents = try JSONDecoder().decode(Contents.self, from: json)
    } catch {
      throw .malformedJSON(file: file, reason: describe(error))
    }
    guard contents.model.type == nil || contents.model.type == "BPE" else {
      throw .unsupportedTokenizer(file: file, kind: contents.model.type ?? "")
    }
    let vocabulary = contents.model.vocab
    var named: [String: Int] = [:]
    for token in contents.added_tokens { named[token.content] = token.id }
    if named["<|endoftext|>"] == nil { named["<|endoftext|>"] = vocabulary["<|endoftext|>"] }
    let specials = try SpecialTokens(named: named, file: file)

    // An id past the number of tokens would leave a gap, so the array is as long as the file says tokens.
    var ordered = [String?](repeating: nil, count: vocabulary.count)
    for (token, id) in vocabulary {
      guard ordered.indices.contains(id) else {
        throw .malformedJSON(file: file, reason: "the id \(id) is out of range in a list of \(ordered.count)")
      }
      ordered[id] = token
    }
    var table = TokenTable()
    for (id, token) in ordered.prefix(max(0, specials.endOfText)).enumerated() {
      guard let token else { throw .missingToken(file: file, id: id) }
      guard table.append({ ByteAlphabet.append(token, to: &$0) }) else {
        throw .invalidToken(file: file, id: id, token: token)
      }
    }
    try check(contents.model.merges, against: vocabulary, file: file)
    return try VocabularyContents(table: table, specials: specials, file: file)
  }

  /// Merging by id is right only if each merge makes a token with a higher id than the merge before it.
  private static func check(
    _ merges: [String], against vocabulary: [String: Int], file: String
  ) throws(TokenizerError) {
    var highest = -1
    for (number, merge) in merges.enumerated() {
      guard let id = vocabulary[merge], id > highest else {
        throw .mergesOutOfOrder(file: file, merge: number)
      }
      highest = id
    }
  }

  /// What of the JSON matters; the names are the file's.
  private struct Contents: Decodable {
    let model: Model
    let added_tokens: [AddedToken]  // swift-format-ignore: AlwaysUseLowerCamelCase
  }

  private struct Model: Decodable {
    let type: String?
    let vocab: [String: Int]
    /// What each merge makes, with both halves put together.
    let merges: [String]

    private enum CodingKeys: String, CodingKey { case type, vocab, merges }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      type = try container.decodeIfPresent(String.self, forKey: .type)
      vocab = try container.decode([String: Int].self, forKey: .vocab)
      if let texts = try? container.decode([String].self, forKey: .merges) {
        merges = texts.map { $0.replacing(" ", with: "", maxReplacements: 1) }
      } else {
        merges = try container.decode([[String]].self, forKey: .merges).map { $0.joined() }
      }
    }
  }

  private struct AddedToken: Decodable {
    let id: Int
    let content: String
  }
}

/// What a decoder's error says, in one line.
func describe(_ error: any Error) -> String {
  switch error {
  case DecodingError.dataCorrupted(let context): context.debugDescription
  case DecodingError.keyNotFound(let key, _): "there is no \"\(key.stringValue)\""
  case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
    "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
  default: "\(error)"
  }
}
