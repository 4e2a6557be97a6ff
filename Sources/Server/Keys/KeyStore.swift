// API keys: who may use the server.

#if Server
import Crypto
public import Foundation
import Synchronization

/// The keys of a server, in a file that holds their hashes and not the keys themselves.
///
/// Keys are 256 random bits, so a plain SHA-256 is enough: there is nothing to guess.
public final class KeyStore: Sendable {
  /// A key, without its secret.
  public struct Key: Codable, Sendable, Equatable {
    /// Whose it is.
    public var name: String
    /// The first characters of the key, by which people recognize it.
    public var prefix: String
    public var created: Date
    /// SHA-256 of the key, in hexadecimal.
    var hash: String
  }

  /// Why keys can't be read or written.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  private let file: URL
  private let keys: Mutex<[Key]>

  /// The keys in a server's folder.
  public init(in folder: URL) throws(Failure) {
    file = folder.appending(path: "keys.json")
    keys = Mutex(try Self.read(file))
  }

  public var all: [Key] { keys.withLock { $0 } }
  public var isEmpty: Bool { all.isEmpty }

  /// The name that belongs to a key; nil if there is no such key.
  func name(of key: String) -> String? {
    let hash = Self.hash(of: key)
    // All are compared, so that the time does not tell which is near.
    return all.reduce(nil as String?) { found, candidate in
      Self.equal(candidate.hash, hash) ? candidate.name : found
    }
  }

  /// Makes a key.
  ///
  /// - Returns: the key, which is nowhere to be had later.
  public func add(name: String) throws(Failure) -> String {
    guard !name.isEmpty, name.count <= 64 else {
      throw Failure(description: "A key's name has 1 to 64 characters.")
    }
    guard !all.contains(where: { $0.name == name }) else {
      throw Failure(
        description: "There is a key named \(name) already; revoke it first, or choose another name.")
    }
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let encoded = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
    let key = "sk-" + encoded
    try write(
      all + [Key(name: name, prefix: String(key.prefix(8)), created: Date(), hash: Self.hash(of: key))])
    return key
  }

  /// Makes a key useless.
  public func revoke(name: String) throws(Failure) {
    guard all.contains(where: { $0.name == name }) else {
      throw Failure(description: "There is no key named \(name); `swiftlet serve keys list` shows all.")
    }
    try write(all.filter { $0.name != name })
  }

  /// Reads the keys again.
  func reload() throws(Failure) {
    let read = try Self.read(file)
    keys.withLock { $0 = read }
  }

  private func write(_ new: [Key]) throws(Failure) {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
      try encoder.encode(new).write(to: file, options: .atomic)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: file.path(percentEncoded: false))
    } catch {
      throw Failure(
        description: "\(file.path(percentEncoded: false)) can't be written: \(error.localizedDescription)")
    }
    keys.withLock { $0 = new }
  }

  private static func read(_ file: URL) throws(Failure) -> [Key] {
    guard FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) else { return [] }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    guard let data = try? Data(contentsOf: file) else {
      throw Failure(
        description:
          "\(file.path(percentEncoded: false)) can't be read; it must belong to the user that runs the server."
      )
    }
    do {
      return try decoder.decode([Key].self, from: data)
    } catch {
      throw Failure(
        description:
          "\(file.path(percentEncoded: false)) is not a list of keys; mend it, or remove it and make new keys."
      )
    }
  }

  private static func hash(of key: String) -> String {
    SHA256.hash(data: Data(key.utf8)).hexadecimal
  }

  private static func equal(_ one: String, _ other: String) -> Bool {
    zip(one.utf8, other.utf8).reduce(one.utf8.count ^ other.utf8.count) { $0 | Int($1.0 ^ $1.1) } == 0
  }
}
#endif
