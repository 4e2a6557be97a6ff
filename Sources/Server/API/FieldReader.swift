// The fields of a form or a query, by name.

#if Server
import Foundation

/// Reads fields by their names, and knows at the end which nobody asked for.
struct FieldReader {
  private struct Value {
    /// What stands in brackets behind the name: `chunking_strategy[type]`.
    var path: [String]
    var text: String
  }

  private var fields: [String: [Value]] = [:]

  init(_ fields: [UploadedForm.Field]) {
    for field in fields {
      let parts = field.name.split(separator: "[", omittingEmptySubsequences: false)
      let path = parts.dropFirst().map { String($0.hasSuffix("]") ? $0.dropLast() : $0) }
      self.fields[String(parts[0]), default: []].append(Value(path: path, text: field.value))
    }
  }

  mutating func text(_ name: String) throws(APIError) -> String? {
    guard let values = fields.removeValue(forKey: name) else { return nil }
    guard values.count == 1, values[0].path.isEmpty else {
      throw .invalid("The field \(name) is there more than once, or has brackets.", param: name)
    }
    guard !values[0].text.contains("\0") else {
      throw .invalid("The field \(name) has a zero byte in it.", param: name)
    }
    return values[0].text
  }

  mutating func number(_ name: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
    guard let text = try text(name), !text.isEmpty else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw .invalid("\(name) must be a number from \(range.lowerBound) to \(range.upperBound).", param: name)
    }
    return number
  }

  mutating func flag(_ name: String) throws(APIError) -> Bool? {
    guard let text = try text(name) else { return nil }
    switch text.lowercased() {
    case "true", "1": return true
    case "false", "0", "": return false
    default: throw .invalid("\(name) must be true or false.", param: name)
    }
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, of type: Choice.Type
  ) throws(APIError) -> Choice? where Choice.RawValue == String {
    guard let text = try text(name), !text.isEmpty else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("\(name) must be one of these: \(names).", param: name)
    }
    return choice
  }

  /// An address of the web.
  mutating func webAddress(_ name: String) throws(APIError) -> URL? {
    guard let text = try text(name) else { return nil }
    guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased()), url.host() != nil
    else { throw .invalid("\(name) is not an address that begins with http:// or https://.", param: name) }
    return url
  }

  /// A list, which clients send as `name[]`, or as `name` several times, or as `name[0]`.
  mutating func list(_ name: String, of choices: Set<String>) throws(APIError) -> Set<String> {
    let values = Set((fields.removeValue(forKey: name) ?? []).map(\.text))
    guard values.isSubset(of: choices) else {
      throw .invalid("\(name) can have these: \(choices.sorted().joined(separator: ", ")).", param: name)
    }
    return values
  }

  /// The JSON of a field, or of several that have its parts in brackets.
  mutating func jsonText(_ name: String) throws(APIError) -> String? {
    guard let values = fields[name], values.contains(where: { !$0.path.isEmpty }) else {
      return try text(name)
    }
    fields[name] = nil
    var object: [String: Any] = [:]
    for value in values {
      guard !value.path.isEmpty, value.path.count <= 8, Self.insert(value, at: value.path[...], into: &object)
      else {
        throw .invalid("The field \(name) is there both with and without brackets.", param: name)
      }
    }
    guard let data = try? JSONSerialization.data(withJSONObject: object) else {
      throw .invalid("The field \(name) can't be read.", param: name)
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// - Returns: whether there is room for it: nothing else has its path.
  private static func insert(_ value: Value, at path: ArraySlice<String>, into object: inout [String: Any])
    -> Bool
  {
    guard let key = path.first else { return false }
    if path.count == 1 {
      guard object[key] == nil else { return false }
      // Numbers, true and false are sent as text.
      object[key] =
        (try? JSONSerialization.jsonObject(with: Data(value.text.utf8), options: .fragmentsAllowed))
        ?? value.text
      return true
    }
    guard var inner = (object[key] ?? [String: Any]()) as? [String: Any] else { return false }
    guard insert(value, at: path.dropFirst(), into: &inner) else { return false }
    object[key] = inner
    return true
  }

  mutating func json<Value: Decodable>(_ name: String) throws(APIError) -> Value? {
    guard let text = try jsonText(name), !text.isEmpty else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
      DecodingError.valueNotFound(_, let context), DecodingError.keyNotFound(_, let context)
    {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw .invalid("\(name)\(path.isEmpty ? "" : " (\(path))"): \(context.debugDescription)", param: name)
    } catch {
      throw .invalid("\(name) can't be read: \(error)", param: name)
    }
  }

  /// - Throws: ``APIError`` if there are fields that nobody asked for.
  func finish() throws(APIError) {
    guard let name = fields.keys.min() else { return }
    throw .invalid(
      "There is no field \(name.prefix(100)) here; leave it out.", param: String(name.prefix(100)),
      code: "unknown_field")
  }
}
#endif
