// What every kind of vocabulary file comes down to.

/// Ordinary tokens and special tokens, read from a file and checked.
struct VocabularyContents: Sendable {
  let table: TokenTable
  let specials: SpecialTokens

  /// Indexes the tokens and checks that any text can be written with them.
  ///
  /// - Throws: `duplicateToken`, `missingByte`, or `missingToken` if the special tokens leave a gap.
  init(table: TokenTable, specials: SpecialTokens, file: String) throws(TokenizerError) {
    guard specials.endOfText <= table.count else { throw .missingToken(file: file, id: table.count) }
    var table = table
    try table.index(file: file)
    for byte in UInt8.min...UInt8.max where table.id(of: [byte], 0..<1) == nil {
      throw .missingByte(file: file, byte: byte)
    }
    self.table = table
    self.specials = specials
  }
}
