// British spelling made American.

import CSpellings
import Foundation

/// What `EnglishSpellingNormalizer` of openai-whisper does with its 1,739 pairs of words (from tysto.com).
enum AmericanSpelling {
  /// The words of the text, in American spelling, with single spaces between.
  static func respelled(_ text: ScalarText) -> ScalarText {
    ScalarText(text.wordsBetweenSpaces.map { table[$0] ?? $0 }.joined(separator: " "))
  }

  private static let table: [String: String] = {
    var count = 0
    let start = cspellings_english(&count)
    // The C side keeps the bytes for as long as the program runs, and says how many there are.
    let data = Data(UnsafeBufferPointer(start: start, count: count))
    guard let table = try? JSONDecoder().decode([String: String].self, from: data) else {
      // The file is part of the program, and a test reads it.
      assertionFailure("english.json is no table of words")
      return [:]
    }
    return table
  }()
}
