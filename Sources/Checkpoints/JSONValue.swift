// A value of a JSON document.

/// A JSON value; integers that fit are kept apart from other numbers.
enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }
  var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
  var string: String? {
    if case .string(let value) = self { value } else { nil }
  }
  var object: [String: JSONValue]? {
    if case .object(let value) = self { value } else { nil }
  }
  /// The elements, if this is an array of integers only.
  var integers: [Int]? {
    guard case .array(let values) = self else { return nil }
    let integers = values.compactMap(\.integer)
    return integers.count == values.count ? integers : nil
  }
}
