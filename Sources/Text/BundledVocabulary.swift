// The two vocabularies that the program carries.

import CVocabularies

/// openai-whisper's own vocabulary files, for models that come without one (OpenAI's `.pt`, ggml).
enum BundledVocabulary: String {
  /// GPT-2's, of English-only models.
  case gpt2
  /// That of all other models.
  case multilingual

  /// The vocabulary of a model with this many ids, nil if Whisper has no such model.
  init?(vocabularySize: Int) {
    switch vocabularySize {
    case 51864: self = .gpt2
    case 51865, 51866: self = .multilingual
    default: return nil
    }
  }

  /// What errors call it.
  var file: String { "built-in \(rawValue).tiktoken" }

  /// The text of the file.
  var text: [UInt8] {
    var count = 0
    let start =
      switch self {
      case .gpt2: cvocabularies_gpt2(&count)
      case .multilingual: cvocabularies_multilingual(&count)
      }
    // The C side keeps the bytes for as long as the program runs, and says how many there are.
    return Array(UnsafeBufferPointer(start: start, count: count))
  }
}
