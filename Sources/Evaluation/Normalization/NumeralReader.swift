// Goes through words and makes numbers of those that are numerals.

/// Reads words from left to right and keeps the number that is being said, until a word comes that does not belong to it.
struct NumeralReader {
  private let words: [Word]
  private var output: [String] = []
  /// The number so far.
  private var value: Value?
  /// What will be written before the next word that is put out: a sign or a currency.
  private var prefix = ""

  init(words: [String]) { self.words = words.map { Word($0) } }

  /// The words with numbers in digits.
  mutating func read() -> [String] {
    var index = 0
    while index < words.count {
      let next = index + 1 < words.count ? words[index + 1] : nil
      let isNextTaken = take(words[index], after: index > 0 ? words[index - 1] : nil, before: next)
      index += isNextTaken ? 2 : 1
    }
    flush()
    return output
  }

  /// Returns whether the next word was taken as well.
  private mutating func take(_ word: Word, after previous: Word?, before next: Word?) -> Bool {
    if let numeral = word.numeral {
      takeDigits(numeral, of: word)
      return false
    }
    guard let meaning = word.meaning else {
      flush()
      emit(word.text)
      return false
    }
    switch meaning {
    case .zero: append("0")
    case .one(let ones): value = joined(ones: ones, after: previous)
    case .oneSuffixed(let ones, let suffix): emit(joined(ones: ones, after: previous).description + suffix)
    case .ten(let tens): value = joined(tens: tens)
    case .tenSuffixed(let tens, let suffix): emit(joined(tens: tens).description + suffix)
    case .multiplier(let power): value = multiplied(by: power)
    case .multiplierSuffixed(let power, let suffix): emit(multiplied(by: power).description + suffix)
    case .sign(let sign):
      flush()
      if next?.canBeNumeric == true { prefix = sign } else { emit(word.text) }
    case .currency(let symbol):
      if let value {
        prefix = symbol
        emit(value.description)
      } else {
        emit(word.text)
      }
    case .percent: emit(value.map { $0.description + "%" } ?? word.text)
    case .per:
      if let value, next?.text == "cent" {
        emit(value.description + "%")
        return true
      }
      flush()
      emit(word.text)
    case .and, .times, .point: return takeSpecial(meaning, word, after: previous, before: next)
    }
    return false
  }

  private mutating func takeSpecial(
    _ meaning: NumberWord, _ word: Word, after previous: Word?, before next: Word?
  ) -> Bool {
    guard let next, next.canBeNumeric else {
      flush()
      emit(word.text)
      return false
    }
    switch meaning {
    case .and where previous?.meaning?.isMultiplier == true:
      // Five hundred and six: not said.
      return false
    case .point:
      // Where the next word is none that can follow a point, the point is lost.
      if next.isPlainNumeral || next.meaning?.isDecimal == true { append(".") }
      return false
    case .times(let count):
      if case .one(let digits) = next.meaning {
        append(String(repeating: String(digits), count: count))
        return true
      }
      if next.meaning == .zero {
        append(String(repeating: "0", count: count))
        return true
      }
    default: break
    }
    flush()
    emit(word.text)
    return false
  }

  /// A number in digits begins, unless the last one waits for its decimals.
  private mutating func takeDigits(_ numeral: Numeral, of word: Word) {
    if case .text(let text) = value, text.hasSuffix(".") {
      value = .text(text + word.text)
      return
    }
    flush()
    if let symbol = numeral.prefix { prefix = symbol }
    value = numeral.value
  }

  private mutating func flush() {
    if let value { emit(value.description) }
  }

  private mutating func emit(_ text: String) {
    output.append(prefix + text)
    prefix = ""
    value = nil
  }

  /// Writes digits or a point after the number; the integer zero is as good as nothing.
  private mutating func append(_ text: String) {
    switch value {
    case .some(.integer(let integer)) where integer.isZero: value = .text(text)
    case .some(let number): value = .text("\(number)\(text)")
    case nil: value = .text(text)
    }
  }

  private func joined(ones: Int, after previous: Word?) -> Value {
    switch value {
    case nil: return .integer(DecimalInteger(ones))
    case .integer(let integer) where previous?.meaning?.isOne != true:
      return integer.endsInZeros(ones < 10 ? 1 : 2)
        ? .integer(integer + DecimalInteger(ones)) : .text("\(integer)\(ones)")
    case .text(let text) where previous?.meaning?.isTen == true && ones < 10:
      return .text("\(text.dropLast())\(ones)")
    case .some(let value): return .text("\(value)\(ones)")
    }
  }

  private func joined(tens: Int) -> Value {
    switch value {
    case nil: .integer(DecimalInteger(tens))
    case .integer(let integer) where integer.endsInZeros(2): .integer(integer + DecimalInteger(tens))
    case .some(let value): .text("\(value)\(tens)")
    }
  }

  /// The number times a power of ten; of an integer only the part below a thousand. Where that is no integer, the number
  /// so far is put out and the power stands for itself.
  private mutating func multiplied(by power: Int) -> Value {
    switch value {
    case nil: break
    case .integer(let integer):
      let (rest, last) = integer.split(lastDigits: 3)
      return .integer(rest + last.shifted(by: power))
    case .text(let text):
      if let product = DecimalText(text)?.shifted(by: power) { return .integer(product) }
      emit(text)
    }
    return .integer(.powerOfTen(power))
  }
}
