// Whole numbers of any size: a decillion decillions is a number too.

/// A number of the natural ones, in decimal, since all that numerals do is add, shift by powers of ten and look at the
/// last digits.
struct DecimalInteger: Equatable, CustomStringConvertible {
  /// The last digit first; no zeros at the end, so that zero has no digits.
  private var digits: [UInt8]

  /// - Parameter digits: the first digit first, each below ten.
  init(digits: some Sequence<Int>) {
    self.digits = digits.reversed().map { UInt8($0) }
    dropLeadingZeros()
  }

  init(_ value: Int) { self.init(digits: String(value).unicodeScalars.map { Int($0.value) - 0x30 }) }

  static func powerOfTen(_ power: Int) -> DecimalInteger { DecimalInteger(1).shifted(by: power) }

  var isZero: Bool { digits.isEmpty }

  /// Whether 10 to the power of `count` divides it.
  func endsInZeros(_ count: Int) -> Bool { digits.prefix(count).allSatisfy { $0 == 0 } }

  /// Times 10 to the power of `power`.
  func shifted(by power: Int) -> DecimalInteger {
    var result = self
    if !isZero { result.digits.insert(contentsOf: repeatElement(0, count: power), at: 0) }
    return result
  }

  /// The last `count` digits, and the number with zeros for them.
  func split(lastDigits count: Int) -> (rest: DecimalInteger, last: DecimalInteger) {
    var (rest, last) = (self, self)
    last.digits.removeSubrange(min(count, digits.count)...)
    last.dropLeadingZeros()
    for index in digits.indices.prefix(count) { rest.digits[index] = 0 }
    rest.dropLeadingZeros()
    return (rest, last)
  }

  static func + (one: DecimalInteger, other: DecimalInteger) -> DecimalInteger {
    var (sum, shorter) = one.digits.count < other.digits.count ? (other, one) : (one, other)
    shorter.digits.append(contentsOf: repeatElement(0, count: sum.digits.count - shorter.digits.count))
    var carry: UInt8 = 0
    for index in sum.digits.indices {
      let digit = sum.digits[index] + shorter.digits[index] + carry
      sum.digits[index] = digit % 10
      carry = digit / 10
    }
    if carry > 0 { sum.digits.append(carry) }
    return sum
  }

  var description: String { isZero ? "0" : digits.reversed().map { String($0) }.joined() }

  private mutating func dropLeadingZeros() {
    while digits.last == 0 { digits.removeLast() }
  }
}
