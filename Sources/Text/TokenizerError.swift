// What can go wrong when a vocabulary is read or a prompt is put together.

/// Why a tokenizer could not be made, or could not do what was asked of it.
///
/// `file` is the path as it was opened, or `built-in …` for the vocabularies that the program carries.
package enum TokenizerError: Error, Hashable, Sendable {
  /// The file exists but could not be read.
  case unreadable(file: String, reason: String)
  /// The file is larger than any vocabulary could be.
  case tooLarge(file: String, bytes: Int, limit: Int)
  /// The file is not JSON of the shape that this kind of vocabulary has.
  case malformedJSON(file: String, reason: String)
  /// A line (counted from 1) of a vocabulary that is text could not be understood.
  case malformedLine(file: String, line: Int, reason: String)
  /// `tokenizer.json` describes another kind of tokenizer than byte-level BPE.
  case unsupportedTokenizer(file: String, kind: String)
  /// A token is not written in the alphabet that stands for bytes.
  case invalidToken(file: String, id: Int, token: String)
  /// Two tokens stand for the same bytes.
  case duplicateToken(file: String, first: Int, second: Int)
  /// The ids below the special tokens have a gap.
  case missingToken(file: String, id: Int)
  /// One of the 256 single bytes has no token, so some texts could not be written.
  case missingByte(file: String, byte: UInt8)
  /// A special token that every Whisper vocabulary has is not there.
  case missingSpecialToken(file: String, name: String)
  /// A special token lies where none of Whisper's does.
  case misplacedSpecialToken(file: String, name: String, id: Int)
  /// The merges do not come in the order of the ids, as they do in every Whisper vocabulary.
  case mergesOutOfOrder(file: String, merge: Int)
  /// The vocabulary needs more ids than the model has.
  case vocabularySizeMismatch(file: String, tokens: Int, model: Int)
  /// No Whisper model has this many ids.
  case unknownVocabularySize(Int)
  /// No language has this code or name.
  case unknownLanguage(String, nearest: [String])
  /// The model has no token for this language.
  case languageNotInModel(String)
  /// A multilingual model needs to be told the language, or to detect it first.
  case languageNeeded
  /// An English-only model was asked for another language.
  case englishOnly(language: String)
  /// An English-only model was asked to translate.
  case cannotTranslate
}

extension TokenizerError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): the vocabulary cannot be read: \(reason)."
    case .tooLarge(let file, let bytes, let limit):
      "\(file): \(bytes) bytes are too many for a vocabulary (at most \(limit)); it is probably another file."
    case .malformedJSON(let file, let reason):
      "\(file) is not the JSON of a Whisper vocabulary: \(reason). Fetch the file again."
    case .malformedLine(let file, let line, let reason):
      "\(file), line \(line): \(reason). Fetch the file again."
    case .unsupportedTokenizer(let file, let kind):
      "\(file): Whisper's tokenizer is a byte-level BPE, but this file says \(kind)."
    case .invalidToken(let file, let id, let token):
      "\(file): token \(id), \(token.debugDescription), is not written in byte-level BPE's alphabet."
    case .duplicateToken(let file, let first, let second):
      "\(file): tokens \(first) and \(second) stand for the same bytes. Fetch the file again."
    case .missingToken(let file, let id):
      "\(file): token \(id) is missing, although higher ones exist. Fetch the file again."
    case .missingByte(let file, let byte):
      "\(file): no token stands for the single byte \(byte). Fetch the file again."
    case .missingSpecialToken(let file, let name):
      "\(file): the special token \(name) is missing; this is not a Whisper vocabulary."
    case .misplacedSpecialToken(let file, let name, let id):
      "\(file): the special token \(name) has the id \(id), unlike in any Whisper vocabulary."
    case .mergesOutOfOrder(let file, let merge):
      "\(file): merge \(merge) does not produce the token with the next id; this is not a Whisper vocabulary."
    case .vocabularySizeMismatch(let file, let tokens, let model):
      "\(file): the vocabulary needs \(tokens) ids, but the model has \(model); they belong to different models."
    case .unknownVocabularySize(let size):
      "A vocabulary of \(size) ids is not one of Whisper's (51864, 51865 or 51866), and the model has no "
        + "tokenizer of its own; put its tokenizer.json next to it."
    case .unknownLanguage(let text, let nearest):
      "There is no language \(text.debugDescription)"
        + (nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: " or "))?")
        + (nearest.isEmpty ? "; give a code such as en or a name such as english." : "")
    case .languageNotInModel(let code):
      "This model does not know the language \(code); newer models (large-v3) may."
    case .languageNeeded:
      "A multilingual model needs a language: give one, or detect it first."
    case .englishOnly(let language):
      "This model is English-only, but the requested language is \(language); use a model without .en."
    case .cannotTranslate:
      "This model is English-only and cannot translate; use a model without .en."
    }
  }
}
