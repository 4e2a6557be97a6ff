// Special tokens, prompts and lists of suppressed tokens, against openai-whisper's.

import SwiftletText
import Testing

@Suite struct SpecialTokensTests {
  @Test func everySpecialTokenHasItsIdAndName() throws {
    for model in try Recorded.specials().models {
      let tokenizer = try Tokenizer.bundled(vocabularySize: model.size)
      let specials = tokenizer.specials
      #expect(model.names.count == model.size - specials.endOfText)
      for (name, id) in model.names { #expect(tokenizer.name(ofSpecial: id) == name) }
      #expect(specials.endOfText == model.names["<|endoftext|>"])
      #expect(specials.startOfTranscript == model.names["<|startoftranscript|>"])
      #expect(specials.translate == model.names["<|translate|>"])
      #expect(specials.transcribe == model.names["<|transcribe|>"])
      #expect(specials.startOfLM == model.names["<|startoflm|>"])
      #expect(specials.startOfPrevious == model.names["<|startofprev|>"])
      #expect(specials.noSpeech == model.names["<|nospeech|>"])
      #expect(specials.noTimestamps == model.names["<|notimestamps|>"])
      #expect(specials.timestampBegin == model.names["<|0.00|>"])
      #expect(specials.vocabularySize == model.size)
      #expect(tokenizer.isMultilingual == (model.size != 51864))
      for language in Language.all {
        let id = model.names["<|\(language.code)|>"]
        #expect(specials[language] == id)
        if let id { #expect(specials.language(of: id) == language) }
      }
      #expect(specials.languages == Language.all.compactMap { model.names["<|\($0.code)|>"] })
    }
  }

  @Test func timestampsCountFiftyASecond() throws {
    let specials = try Tokenizer.bundled(vocabularySize: 51865).specials
    #expect(specials.seconds(of: specials.timestampBegin) == 0)
    #expect(specials.seconds(of: specials.timestampBegin + 54) == 1.08)
    #expect(specials.seconds(of: specials.timestampBegin + 1500) == 30)
    #expect(specials.seconds(of: specials.timestampBegin + 1501) == nil)
    #expect(specials.seconds(of: specials.noTimestamps) == nil)
  }

  @Test func suppressedTokensAreThoseOfTheReference() throws {
    for model in try Recorded.specials().models {
      let tokenizer = try Tokenizer.bundled(vocabularySize: model.size)
      #expect(tokenizer.nonSpeechTokens == model.nonSpeech)
      #expect(tokenizer.suppressedTokens == model.suppressed)
      #expect(tokenizer.blankTokens == model.blank)
    }
  }

  @Test func startSequencesAreThoseOfTheReference() throws {
    for model in try Recorded.specials().models {
      let tokenizer = try Tokenizer.bundled(vocabularySize: model.size)
      for (key, sequences) in model.starts {
        let words = key.split(separator: " ")
        let language = try Language(String(words[0]))
        let task = try #require(SpeechTask(rawValue: String(words[1])))
        #expect(
          try tokenizer.startSequence(language: language, task: task, timestamps: true) == sequences[0])
        #expect(
          try tokenizer.startSequence(language: language, task: task, timestamps: false) == sequences[1])
      }
    }
  }

  @Test func promptsThatAModelCannotFollowAreRefused() throws {
    let english = try Tokenizer.bundled(vocabularySize: 51864)
    let multilingual = try Tokenizer.bundled(vocabularySize: 51865)
    let french = try Language("fr")
    let cantonese = try Language("yue")
    #expect(throws: TokenizerError.englishOnly(language: "french")) {
      try english.startSequence(language: french, timestamps: true)
    }
    #expect(throws: TokenizerError.cannotTranslate) {
      try english.startSequence(language: nil, task: .translate, timestamps: true)
    }
    #expect(throws: TokenizerError.languageNeeded) {
      try multilingual.startSequence(language: nil, timestamps: true)
    }
    #expect(throws: TokenizerError.languageNotInModel("yue")) {
      try multilingual.startSequence(language: cantonese, timestamps: true)
    }
  }
}
