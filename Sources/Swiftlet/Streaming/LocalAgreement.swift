// When a word of live sound is certain: as soon as two hypotheses one after the other agree on it.

/// A word of a hypothesis.
struct HeardWord: Hashable, Sendable {
  var word: Word
  var tokens: [Int]

  /// Whether both are the same word, whatever their capitals and the marks around them.
  func agrees(with other: HeardWord) -> Bool {
    let (letters, others) = (letters, other.letters)
    return letters.isEmpty && others.isEmpty ? word.text == other.word.text : letters == others
  }

  private var letters: String { word.text.lowercased().filter { $0.isLetter || $0.isNumber } }
}

/// LocalAgreement-2 (Macháček, Dabre and Bojar, "Turning Whisper into Real-Time Transcription System", 2023, section 3): the
/// longest common prefix of the last two hypotheses is committed.
///
/// A hypothesis is of what follows the committed words, so that nothing committed can be contradicted.
struct LocalAgreement: Sendable {
  /// The rest of the last hypothesis.
  private(set) var pending: [HeardWord] = []

  /// Takes a hypothesis of all that follows what is committed.
  ///
  /// - Parameter limit: seconds; a word that ends after it is not committed, nor is what follows it.
  /// - Returns: what is committed now, as this newer hypothesis has it.
  mutating func take(_ hypothesis: [HeardWord], before limit: Double = .infinity) -> [HeardWord] {
    let agreed = zip(pending, hypothesis).prefix { $0.agrees(with: $1) && $1.word.end <= limit }.count
    pending = Array(hypothesis[agreed...])
    return Array(hypothesis[..<agreed])
  }

  /// Commits the whole of the last hypothesis.
  mutating func finish() -> [HeardWord] {
    defer { pending = [] }
    return pending
  }
}
