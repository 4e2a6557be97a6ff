// The table of a group of options, from which it is read, written and checked.

/// One option of a group: its key, and the range of its values.
struct OptionField<Group>: Sendable {
  let key: String
  fileprivate let decode: @Sendable (KeyedDecodingContainer<OptionKey>, inout Group) throws -> Void
  fileprivate let encode: @Sendable (Group, inout KeyedEncodingContainer<OptionKey>) throws -> Void
  fileprivate let problem: @Sendable (Group) -> String?

  /// - Parameters:
  ///   - key: the property's name.
  ///   - path: the property.
  ///   - problem: what is wrong with a value; nil if nothing is.
  init<Value: Codable & SendableMetatype>(
    _ key: String, _ path: any WritableKeyPath<Group, Value> & Sendable,
    problem: @escaping @Sendable (Value) -> String? = { _ in nil }
  ) {
    self.key = key
    decode = { $1[keyPath: path] = try $0.decode(Value.self, forKey: OptionKey(key)) }
    encode = { try $1.encode($0[keyPath: path], forKey: OptionKey(key)) }
    self.problem = { problem($0[keyPath: path]) }
  }
}

/// Options that belong together. Whoever adds one adds a property and a field.
protocol OptionGroup {
  static var fields: [OptionField<Self>] { get }
}

extension OptionGroup {
  /// Takes over what is given; other options keep their values.
  ///
  /// - Throws: `DecodingError` for a key that is no option, and a value of the wrong type.
  mutating func decode(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: OptionKey.self)
    let fields = Dictionary(uniqueKeysWithValues: Self.fields.map { ($0.key, $0) })
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
      guard let field = fields[key.stringValue] else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container,
          debugDescription:
            "There is no option \(key.stringValue.debugDescription); the options here are "
            + Self.fields.map(\.key).joined(separator: ", ") + ".")
      }
      try field.decode(container, &self)
    }
  }

  func encodeFields(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: OptionKey.self)
    for field in Self.fields { try field.encode(self, &container) }
  }

  /// - Parameter group: the name of the property that holds the group, for the error's subject.
  /// - Throws: ``SwiftletError/Code/invalidOptions`` for the first value that is out of range.
  func checkFields(of group: String? = nil) throws(SwiftletError) {
    for field in Self.fields {
      guard let problem = field.problem(self) else { continue }
      throw .invalid(problem, subject: (group.map { "\($0)." } ?? "") + field.key)
    }
  }
}

/// The name of an option.
struct OptionKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}

/// The sentence `problem` where a value is not in `range`; NaN never is.
func unless<Value: Comparable>(
  _ value: Value, in range: ClosedRange<Value>, _ problem: @autoclosure () -> String
) -> String? {
  range.contains(value) ? nil : problem()
}
