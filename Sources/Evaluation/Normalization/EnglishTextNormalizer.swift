// Whisper's normalizer for English.

import SwiftletText

/// What `EnglishTextNormalizer` of openai-whisper 20250625 does, to the letter, with its oddities.
///
/// Small letters; without brackets and fillers; contractions and titles written out; numbers, ordinals and sums of
/// money in digits; American spelling; without diacritics, and of symbols only those that belong to numbers.
package struct EnglishTextNormalizer: TextNormalizer {
  package init() {}

  package func normalize(_ text: String) -> String {
    let words = ScalarText(pythonLowercased(text)).withoutBracketed().withoutFillers()
      .withoutSpacesBeforeApostrophes().withContractionsWrittenOut()
    let plain = words.withoutDigitGroups().withSpaceForFullStops()
      .withoutSymbolsAndDiacritics(except: [".", "%", "$", "¢", "€", "£"])
    let american = AmericanSpelling.respelled(plain.withNumbersInDigits())
    return american.withSpaceForStraySymbols().withSpaceForStrayPercentSigns().withSingleSpaces().string
  }
}

extension ScalarText {
  /// `1,234` becomes `1234`. A digit belongs to one comma only, so that `1,2,3` becomes `12,3`.
  fileprivate func withoutDigitGroups() -> ScalarText {
    replacing { index in
      guard has(index + 1, ","), self[index].decimalDigit != nil,
        has(index + 2, where: { $0.decimalDigit != nil })
      else { return nil }
      return ([self[index], self[index + 2]].string, index + 3)
    }
  }

  /// With a space for each full stop, unless a digit follows. What follows is passed over: of two full stops the second
  /// one stays.
  fileprivate func withSpaceForFullStops() -> ScalarText {
    replacing { index in
      guard self[index] == "." else { return nil }
      if index + 1 == count { return (" ", count) }
      return spaceAndNextUnlessDigit(index)
    }
  }

  /// With a space for each full stop and currency sign that something other than a digit follows; it is passed over as
  /// well. At the end of the text they stay.
  fileprivate func withSpaceForStraySymbols() -> ScalarText {
    replacing { index in
      switch self[index] {
      case ".", "$", "¢", "€", "£": index + 1 < count ? spaceAndNextUnlessDigit(index) : nil
      default: nil
      }
    }
  }

  private func spaceAndNextUnlessDigit(_ index: Int) -> (text: String, end: Int)? {
    let next = self[index + 1]
    return next.isASCIIDigit ? nil : ([" ", next].string, index + 2)
  }

  /// With a space for each per cent sign after something other than a digit. Of two the first one can be that for the
  /// second: `5%%` becomes `5% `.
  fileprivate func withSpaceForStrayPercentSigns() -> ScalarText {
    replacing { index in
      guard has(index + 1, "%"), !self[index].isASCIIDigit else { return nil }
      return ([self[index], " "].string, index + 2)
    }
  }
}
