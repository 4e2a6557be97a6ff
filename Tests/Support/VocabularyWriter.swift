// Writes vocabularies in every form that the tokenizer reads.

package import Foundation
package import SwiftletText

/// A vocabulary taken from a tokenizer, or a small one, to be written as the makers of models write theirs.
package struct VocabularyWriter {
  package enum Form: String, CaseIterable {
    case huggingFace, huggingFaceOlder, huggingFaceFiles, convertedList, convertedText, tiktoken

    /// The name under which `Tokenizer.load` looks for it.
    package func fileName(multilingual: Bool) -> String {
      switch self {
      case .huggingFace, .huggingFaceOlder: "tokenizer.json"
      case .huggingFaceFiles: "vocab.json"
      case .convertedList: "vocabulary.json"
      case .convertedText: "vocabulary.txt"
      case .tiktoken: multilingual ? "multilingual.tiktoken" : "gpt2.tiktoken"
      }
    }
  }

  package var tokens: [[UInt8]]
  package var specials: [String]

  /// All of a tokenizer's ids.
  package init(of tokenizer: Tokenizer) {
    tokens = (0..<tokenizer.specials.endOfText).map { Array(tokenizer.bytes(of: $0)) }
    specials = (tokenizer.specials.endOfText..<tokenizer.vocabularySize).map {
      tokenizer.name(ofSpecial: $0) ?? ""
    }
  }

  /// All bytes, a few merges, and the special tokens of a multilingual model.
  package init(small merges: [String]) throws {
    tokens = (UInt8.min...UInt8.max).map { [$0] } + merges.map { Array($0.utf8) }
    specials = VocabularyWriter(of: try .bundled(vocabularySize: 51865)).specials
  }

  package var vocabularySize: Int { tokens.count + specials.count }

  package func data(_ form: Form) throws -> Data {
    switch form {
    case .huggingFace: return try json(timestamps: true) { [$0, $1] as [String] }
    case .huggingFaceOlder: return try json(timestamps: false) { "\($0) \($1)" }
    case .huggingFaceFiles: return try JSONEncoder().encode(vocabulary)
    case .convertedList:
      return try JSONEncoder().encode(tokens.map(Self.visible) + specials)
    case .convertedText:
      return Data((tokens.map(Self.visible) + specials).joined(separator: "\n").utf8) + Data("\n".utf8)
    case .tiktoken:
      let lines = tokens.enumerated().map { "\($1.isEmpty ? "=" : Data($1).base64EncodedString()) \($0)\n" }
      return Data(lines.joined().utf8)
    }
  }

  /// Writes the file into a folder of its own; returns the folder.
  package func write(_ form: Form, _ data: Data? = nil) throws -> TestFolder {
    let folder = TestFolder()
    let name = form.fileName(multilingual: vocabularySize != 51864)
    try folder.write(data ?? self.data(form), as: name)
    if form == .huggingFaceFiles {
      try folder.write(addedTokensFile(), as: "added_tokens.json")
      try folder.write(mergesFile(), as: "merges.txt")
    }
    return folder
  }

  /// `added_tokens.json`, which goes with `vocab.json`.
  package func addedTokensFile() throws -> Data {
    let added = specials.enumerated().map { ($1, tokens.count + $0) }
    return try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: added))
  }

  /// `merges.txt`, which goes with `vocab.json`.
  package func mergesFile() -> Data {
    Data(("#version: 0.2\n" + merges.map { "\($0) \($1)\n" }.joined()).utf8)
  }

  private func json(timestamps: Bool, merge: (String, String) -> any Encodable) throws -> Data {
    let added: [[String: Any]] = specials.enumerated().compactMap { offset, name in
      if !timestamps, name.contains(".") { return nil }
      // The names that OpenAI's first vocabularies had.
      let older = ["<|nospeech|>": "<|nocaptions|>", "<|he|>": "<|iw|>"]
      let written = timestamps ? name : older[name] ?? name
      return ["id": tokens.count + offset, "content": written, "special": true]
    }
    return try JSONSerialization.data(withJSONObject: [
      "version": "1.0", "added_tokens": added,
      "model": ["type": "BPE", "vocab": vocabulary, "merges": merges.map(merge)] as [String: Any],
    ])
  }

  /// Ids by token.
  private var vocabulary: [String: Int] {
    Dictionary(uniqueKeysWithValues: tokens.enumerated().map { (Self.visible($1), $0) })
  }

  /// The halves of each token that has any, in the order of the tokens.
  private var merges: [(String, String)] {
    let known = Set(tokens)
    return tokens.compactMap { token in
      guard token.count > 1 else { return nil }
      let split = (1..<token.count).first {
        known.contains(Array(token[..<$0])) && known.contains(Array(token[$0...]))
      }
      return split.map { (Self.visible(token[..<$0]), Self.visible(token[$0...])) }
    }
  }

  /// Bytes in GPT-2's alphabet.
  static func visible(_ bytes: some Sequence<UInt8>) -> String {
    String(String.UnicodeScalarView(bytes.map { alphabet[Int($0)] }))
  }

  private static let alphabet: [Unicode.Scalar] = {
    var hidden = 0x100 as UInt32
    return (0...255 as ClosedRange<UInt32>).map { byte in
      let isVisible = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
      defer { if !isVisible { hidden += 1 } }
      return Unicode.Scalar(isVisible ? byte : hidden) ?? "?"
    }
  }()
}
