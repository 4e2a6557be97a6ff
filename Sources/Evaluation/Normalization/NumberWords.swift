// The words that numbers are made of.

/// What a word can contribute to a number.
enum NumberWord: Equatable {
  case zero
  /// One to nineteen.
  case one(Int)
  /// `third`, `sixes`: ends a number, with what is written after the digits.
  case oneSuffixed(Int, suffix: String)
  case ten(Int)
  case tenSuffixed(Int, suffix: String)
  /// A hundred, a thousand...: ten to this power.
  case multiplier(power: Int)
  case multiplierSuffixed(power: Int, suffix: String)
  /// Goes before the next number: `minus`.
  case sign(String)
  /// Goes before the last number: `dollars`.
  case currency(String)
  /// `per`, which needs `cent` after it.
  case per
  case percent
  case and
  /// `double` and `triple`: how often the next digit is written.
  case times(Int)
  case point

  /// The word's meaning, nil if it has none in numbers.
  init?(_ word: String) {
    guard let meaning = Self.meanings[word] else { return nil }
    self = meaning
  }

  var isOne: Bool { if case .one = self { true } else { false } }
  var isTen: Bool { if case .ten = self { true } else { false } }
  var isMultiplier: Bool { if case .multiplier = self { true } else { false } }
  /// Whether it can stand after `point`.
  var isDecimal: Bool { isOne || isTen || self == .zero }

  private static let meanings: [String: NumberWord] = {
    var meanings: [String: NumberWord] = [
      "o": .zero, "oh": .zero, "zero": .zero, "zeroth": .oneSuffixed(0, suffix: "th"),
      "minus": .sign("-"), "negative": .sign("-"), "plus": .sign("+"), "positive": .sign("+"),
      "pound": .currency("£"), "pounds": .currency("£"), "euro": .currency("€"), "euros": .currency("€"),
      "dollar": .currency("$"), "dollars": .currency("$"), "cent": .currency("¢"), "cents": .currency("¢"),
      "per": .per, "percent": .percent, "and": .and, "double": .times(2), "triple": .times(3),
      "point": .point,
    ]
    let ones = [
      "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
      "thirteen",
      "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]
    let irregular = [1: "first", 2: "second", 3: "third", 5: "fifth", 12: "twelfth"]
    for (value, name) in zip(1..., ones) {
      meanings[name] = .one(value)
      meanings[name + (name == "six" ? "es" : "s")] = .oneSuffixed(value, suffix: "s")
      // So that eight has its ordinal, and nine an uncommon one, as in the reference.
      let regular = name + (name.hasSuffix("t") ? "h" : "th")
      let suffix = [1: "st", 2: "nd", 3: "rd"][value] ?? "th"
      meanings[irregular[value] ?? regular] = .oneSuffixed(value, suffix: suffix)
    }
    let tens = ["twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet"]
    for (value, stem) in zip(2..., tens) {
      meanings[stem + "y"] = .ten(10 * value)
      meanings[stem + "ies"] = .tenSuffixed(10 * value, suffix: "s")
      meanings[stem + "ieth"] = .tenSuffixed(10 * value, suffix: "th")
    }
    let thousands = [
      "thousand", "million", "billion", "trillion", "quadrillion", "quintillion", "sextillion", "septillion",
      "octillion", "nonillion", "decillion",
    ]
    let multipliers = [("hundred", 2)] + zip(thousands, 1...).map { ($0, 3 * $1) }
    for (name, power) in multipliers {
      meanings[name] = .multiplier(power: power)
      meanings[name + "s"] = .multiplierSuffixed(power: power, suffix: "s")
      meanings[name + "th"] = .multiplierSuffixed(power: power, suffix: "th")
    }
    return meanings
  }()
}
