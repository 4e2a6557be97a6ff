// Finds a model's vocabulary, whatever its kind.

package import Foundation
import SwiftletFiles

extension Tokenizer {
  /// Ten times the largest vocabulary file there is.
  private static let fileSizeLimit = 40_000_000

  /// Every file that a tokenizer may be read from, as ``load(from:vocabularySize:)`` looks for them.
  package static let fileNames = [
    "tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json", "vocabulary.json", "vocabulary.txt",
    "multilingual.tiktoken", "gpt2.tiktoken",
  ]

  /// Reads the vocabulary that lies in a model's folder.
  ///
  /// Looks for `tokenizer.json`, or `vocab.json` with `merges.txt` and `added_tokens.json` (Hugging Face), then
  /// `vocabulary.json` and `vocabulary.txt` (CTranslate2), then `multilingual.tiktoken` or `gpt2.tiktoken`
  /// (openai-whisper; the one that fits the size). The first that is there is used, or its error thrown. If there
  /// is none, the vocabulary that the program carries is used.
  ///
  /// - Parameter vocabularySize: The number of ids of the model, from its dimensions.
  package static func load(
    from folder: URL, vocabularySize: Int
  ) throws(TokenizerError) -> Tokenizer {
    func existing(_ name: String) -> URL? {
      let url = folder.appending(path: name)
      return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }
    for name in ["tokenizer.json", "vocab.json", "vocabulary.json", "vocabulary.txt"] {
      if let url = existing(name) { return try read(url, vocabularySize: vocabularySize) }
    }
    // A folder may hold both of openai-whisper's files, of which one fits.
    let fitting = BundledVocabulary(vocabularySize: vocabularySize).map { [$0] }
    for vocabulary in fitting ?? [.multilingual, .gpt2] {
      if let url = existing("\(vocabulary.rawValue).tiktoken") {
        return try read(url, vocabularySize: vocabularySize)
      }
    }
    return try self.bundled(vocabularySize: vocabularySize)
  }

  /// The vocabulary that the program carries for a model with this many ids.
  ///
  /// - Throws: `TokenizerError.unknownVocabularySize` if there is none.
  package static func bundled(vocabularySize: Int) throws(TokenizerError) -> Tokenizer {
    guard let vocabulary = BundledVocabulary(vocabularySize: vocabularySize) else {
      throw .unknownVocabularySize(vocabularySize)
    }
    let contents = try TiktokenFile.read(
      vocabulary.text, file: vocabulary.file, vocabularySize: vocabularySize)
    return try Tokenizer(contents, vocabularySize: vocabularySize, file: vocabulary.file)
  }

  /// Reads one vocabulary file, whose kind its name tells: `….tiktoken`, `….txt`, `vocabulary.json`,
  /// `vocab.json` (with the two files that belong to it), or else a `tokenizer.json`.
  package static func read(_ url: URL, vocabularySize: Int) throws(TokenizerError) -> Tokenizer {
    let file = url.path
    guard vocabularySize > 0 else { throw .unknownVocabularySize(vocabularySize) }
    let data = try bytes(of: url)
    let contents: VocabularyContents
    switch (url.lastPathComponent, url.pathExtension) {
    case (_, "tiktoken"): contents = try TiktokenFile.read(data, file: file, vocabularySize: vocabularySize)
    case (_, "txt"): contents = try ConvertedVocabularyFile.read(text: data, file: file)
    case ("vocabulary.json", _): contents = try ConvertedVocabularyFile.read(json: data, file: file)
    case ("vocab.json", _):
      let merges = url.deletingLastPathComponent().appending(path: "merges.txt")
      let added = url.deletingLastPathComponent().appending(path: "added_tokens.json")
      contents = try HuggingFaceTokenizerFile.read(
        vocabulary: data, merges: (try bytes(of: merges), merges.path),
        added: (try bytes(of: added), added.path),
        file: file)
    default: contents = try HuggingFaceTokenizerFile.read(data, file: file)
    }
    return try Tokenizer(contents, vocabularySize: vocabularySize, file: file)
  }

  private static func bytes(of url: URL) throws(TokenizerError) -> [UInt8] {
    do {
      let size = try url.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
      guard size <= fileSizeLimit else {
        throw TokenizerError.tooLarge(file: url.path, bytes: size, limit: fileSizeLimit)
      }
      // `Data` leaks a page for an empty file (Swift 6.3.1 on Linux).
      return size == 0 ? [] : [UInt8](try Data(contentsOf: url))
    } catch let error as TokenizerError {
      throw error
    } catch {
      throw .unreadable(file: url.path, reason: fileErrorReason(error))
    }
  }
}
