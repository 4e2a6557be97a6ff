// Languages by code and name, against openai-whisper's tables.

import SwiftletText
import Testing

@Suite struct LanguageTests {
  @Test func theTableIsThatOfTheReference() throws {
    #expect(Language.all.map { [$0.code, $0.name] } == (try Recorded.specials().languages))
  }

  @Test func everyNameOfTheReferenceIsKnown() throws {
    for (name, code) in try Recorded.specials().names {
      #expect(try Language(name).code == code)
      #expect(try Language(name.uppercased()).code == code)
      #expect(try Language(code.uppercased()).code == code)
    }
  }

  @Test func aMistypedNameIsAnsweredWithTheNearest() {
    #expect(throws: TokenizerError.unknownLanguage("Frensh", nearest: ["french"])) { try Language("Frensh") }
    #expect(throws: TokenizerError.unknownLanguage("", nearest: [])) { try Language("") }
    #expect(throws: TokenizerError.unknownLanguage("klingonese", nearest: [])) { try Language("klingonese") }
    let text = TokenizerError.unknownLanguage("Frensh", nearest: ["french"]).description
    #expect(text == "There is no language \"Frensh\"; did you mean french?")
  }
}
