// Fillers out; contractions and titles in full.

import SwiftletText

extension ScalarText {
  func withoutFillers() -> ScalarText {
    replacing { index in
      guard isStartOfWord(index) else { return nil }
      let end = endOfWord(from: index)
      return fillers.contains(string(index..<end)) ? ("", end) : nil
    }
  }

  func withoutSpacesBeforeApostrophes() -> ScalarText {
    replacing { index in
      // Asked once a run, at its start, since a run can be long.
      guard self[index].isPythonWhitespace, index == 0 || !self[index - 1].isPythonWhitespace else {
        return nil
      }
      let end = endOfRun(from: index, where: \.isPythonWhitespace)
      return has(end, "'") ? ("", end) : nil
    }
  }

  /// Four passes, since a later one may find what an earlier one wrote: `they'ren't` has a negation, and then the
  /// ending `'re`.
  func withContractionsWrittenOut() -> ScalarText {
    let text = withWholeWordsWrittenOut()
    guard text.contains("'") else { return text }
    return text.withPerfectTensesWrittenOut().withNegationsWrittenOut().withEndingsWrittenOut()
  }

  private func withWholeWordsWrittenOut() -> ScalarText {
    replacing { index in
      guard isStartOfWord(index) else { return nil }
      let end = endOfWord(from: index)
      if has(end, "'") {
        let longer = endOfWord(from: end + 1)
        if let text = wholeWords[string(index..<longer)] { return (text, longer) }
      }
      return wholeWords[string(index..<end)].map { ($0, end) }
    }
  }

  /// Exactly one space must be between the two words.
  private func withPerfectTensesWrittenOut() -> ScalarText {
    replacing { index in
      guard self[index] == "'" else { return nil }
      let first = endOfWord(from: index + 1)
      guard has(first, " ") else { return nil }
      let end = endOfWord(from: first + 1)
      return perfectTenses[string(index..<end)].map { ($0, end) }
    }
  }

  private func withNegationsWrittenOut() -> ScalarText {
    replacing { index in
      guard self[index] == "n", has(index + 1, "'"), has(index + 2, "t"),
        endOfWord(from: index + 2) == index + 3
      else { return nil }
      return (" not", index + 3)
    }
  }

  private func withEndingsWrittenOut() -> ScalarText {
    replacing { index in
      guard self[index] == "'" else { return nil }
      let end = endOfWord(from: index + 1)
      return endings[string(index..<end)].map { ($0, end) }
    }
  }
}

private let fillers: Set = ["hmm", "mm", "mhm", "mmm", "uh", "um"]

/// Contractions and abbreviated titles; the latter get a space after them, so that there may be two.
private let wholeWords = [
  "won't": "will not", "can't": "can not", "let's": "let us", "ain't": "aint", "y'all": "you all",
  "wanna": "want to", "gotta": "got to", "gonna": "going to", "i'ma": "i am going to",
  "imma": "i am going to",
  "woulda": "would have", "coulda": "could have", "shoulda": "should have", "ma'am": "madam",
  "mr": "mister ", "mrs": "missus ", "st": "saint ", "dr": "doctor ", "prof": "professor ",
  "capt": "captain ",
  "gov": "governor ", "ald": "alderman ", "gen": "general ", "sen": "senator ", "rep": "representative ",
  "pres": "president ", "rev": "reverend ", "hon": "honorable ", "asst": "assistant ", "assoc": "associate ",
  "lt": "lieutenant ", "col": "colonel ", "jr": "junior ", "sr": "senior ", "esq": "esquire ",
]

private let perfectTenses = [
  "'d been": " had been", "'s been": " has been", "'d gone": " had gone", "'s gone": " has gone",
  "'d done": " had done", "'s got": " has got",
]

private let endings = [
  "'re": " are", "'s": " is", "'d": " would", "'ll": " will", "'t": " not", "'ve": " have", "'m": " am",
]
