// Options that C gives as JSON, and results that it gets as JSON.

import Foundation
import Swiftlet

/// Options of a type, of JSON that may be NULL.
///
/// - Parameter what: stands for them in messages.
/// - Throws: ``Misuse`` for what is no JSON object; `SwiftletError` for a key that is no option, and a value of the wrong type.
func readOptions<Options: Decodable>(
  _ json: UnsafePointer<CChar>?, _ what: String, as type: Options.Type = Options.self
) throws -> Options {
  let data = Data((try text(json, what) ?? "{}").utf8)
  do {
    // JSONDecoder reads numbers when they are asked for, and does not say whether it is the JSON or the number that is wrong.
    guard try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) is [String: Any] else {
      throw Misuse("The \(what) are JSON, but no object; give {\"NAME\": VALUE, ...} or NULL.")
    }
  } catch let error as Misuse {
    throw error
  } catch {
    let reason = (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String
    throw Misuse("The \(what) are not JSON" + (reason.map { ": \(sentence($0))" } ?? "."))
  }
  do {
    return try JSONDecoder().decode(Options.self, from: data)
  } catch DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
    DecodingError.valueNotFound(_, let context), DecodingError.keyNotFound(_, let context)
  {
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    throw SwiftletError(
      .invalidOptions,
      "The \(what) can't be used\(path.isEmpty ? "" : " (\(path))"): \(sentence(context.debugDescription))",
      subject: path.isEmpty ? nil : path)
  }
}

/// With a full stop, which not all of Foundation's reasons have.
private func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : text + "." }

/// A value as JSON, its keys in order.
func writeJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// The keys of an object, of which none but the known ones may be there.
struct KnownKeys {
  let container: KeyedDecodingContainer<Key>

  struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// - Throws: `DecodingError` for a key that is not known.
  init(_ known: [String], of decoder: any Decoder) throws {
    container = try decoder.container(keyedBy: Key.self)
    let unknown = container.allKeys.filter { !known.contains($0.stringValue) }
    guard let key = unknown.min(by: { $0.stringValue < $1.stringValue }) else { return }
    throw DecodingError.dataCorruptedError(
      forKey: key, in: container,
      debugDescription:
        "There is no option \(key.stringValue.debugDescription); the options here are "
        + known.joined(separator: ", ") + ".")
  }

  /// The value of a key; nil if it is missing or null.
  func value<Value: Decodable>(_ key: String, as type: Value.Type = Value.self) throws -> Value? {
    try container.decodeIfPresent(Value.self, forKey: Key(stringValue: key))
  }
}
