// Whisper's normalizers, against openai-whisper's.

import SwiftletTestSupport
import Testing

@testable import SwiftletEvaluation

@Suite struct NormalizerTests {
  @Test func englishIsThatOfTheReference() throws {
    let cases = try Recorded.english()
    #expect(cases.count >= 5000)
    let normalizer = EnglishTextNormalizer()
    for line in cases {
      let normalized = normalizer.normalize(line.text)
      // Scalar for scalar: Swift's own comparison takes composed and decomposed letters for the same.
      #expect(
        normalized.utf8.elementsEqual(line.normalized.utf8),
        "\(line.text.debugDescription) became \(normalized.debugDescription)")
    }
  }

  @Test func basicIsThatOfTheReference() throws {
    let cases = try Recorded.basic()
    #expect(cases.count >= 900)
    let normalizers = [false, true].flatMap { split in
      [false, true].map { BasicTextNormalizer(removeDiacritics: $0, splitLetters: split) }
    }
    for line in cases {
      for (normalizer, expected) in zip(normalizers, line.normalized) {
        let normalized = normalizer.normalize(line.text)
        #expect(
          normalized.utf8.elementsEqual(expected.utf8),
          "\(line.text.debugDescription) became \(normalized.debugDescription)")
      }
    }
  }

  @Test func everyLanguageHasItsNormalizer() {
    #expect(Normalization(language: "en").normalizer is EnglishTextNormalizer)
    #expect(Normalization(language: "fr").normalizer?.normalize("L'Été !") == "l été ")
    #expect(Normalization(language: "ja").normalizer?.normalize("おはよう。") == "お は よ う ")
    #expect(Normalization.none.normalizer == nil)
  }

  @Test func unclosedBracketsTakeNoTimeToSpeakOf() {
    let text = String(repeating: "([<", count: 200_000)
    #expect(BasicTextNormalizer().normalize(text).allSatisfy { $0 == " " })
  }

  @Test func wholeNumbersAreRight() {
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<2000 {
      let (a, b) = (
        Int.random(in: 0..<1 << Int.random(in: 0..<50, using: &generator), using: &generator),
        Int.random(in: 0..<1 << Int.random(in: 0..<50, using: &generator), using: &generator)
      )
      let (x, y) = (DecimalInteger(a), DecimalInteger(b))
      #expect((x + y).description == String(a + b))
      #expect(x.shifted(by: 3).description == String(a * 1000))
      #expect(x.endsInZeros(1) == (a % 10 == 0))
      #expect(x.isZero == (a == 0))
      let (rest, last) = x.split(lastDigits: 3)
      #expect(rest.description == String(a / 1000 * 1000))
      #expect(last.description == String(a % 1000))
    }
    #expect(DecimalInteger.powerOfTen(33).description == "1" + String(repeating: "0", count: 33))
  }
}
