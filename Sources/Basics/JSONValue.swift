// A value of a JSON document.

/// A JSON value; integers that fit are kept apart from other numbers.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Parses a text that holds one value and white space only.
  ///
  /// The result takes many times as much memory as the text: limit its size first.
  package init(parsing text: [UInt8]) throws(JSONError) {
    var reader = JSONReader(text)
    self = try reader.readValue()
    try reader.expectEnd()
  }

  package var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }
  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }
  package var object: [String: JSONValue]? {
    if case .object(let value) = self { value } else { nil }
  }
  /// The elements, if this is an array of integers only.
  package var integers: [Int]? {
    guard case .array(let values) = self else { return nil }
    let integers = values.compactMap(\.integer)
    return integers.count == values.count ? integers : nil
  }
}
