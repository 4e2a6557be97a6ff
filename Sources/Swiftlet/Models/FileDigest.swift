// Digests of files, computed without holding them in memory.

import Crypto
import Foundation
import SwiftletBasics
import SwiftletFiles

/// The kinds of digest that files are published with.
enum FileDigest: Hashable, Sendable {
  /// SHA-256, in hexadecimal.
  case sha256(String)
  /// What git calls a blob: SHA-1 of `blob`, a space, the size, a zero byte and the contents.
  case gitBlob(String)
  /// MD5, in hexadecimal: no guard against an attacker, yet all that older data sets publish.
  case md5(String)

  /// The digest that a server's `ETag` or `X-Linked-ETag` holds, told by its length; nil if it holds none.
  init?(tag: String) {
    var text = tag[...]
    if text.hasPrefix("W/") { text = text.dropFirst(2) }
    let hexadecimal = text.trimmingPrefix("\"").prefix { $0 != "\"" }.lowercased()
    guard hexadecimal.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
      return nil
    }
    switch hexadecimal.count {
    case 64: self = .sha256(hexadecimal)
    case 40: self = .gitBlob(hexadecimal)
    default: return nil
    }
  }

  var text: String {
    switch self {
    case .sha256(let text), .gitBlob(let text), .md5(let text): text
    }
  }

  /// The digest of the same kind of a file. Reads a megabyte at a time, on a thread where that may block.
  func same(of file: URL) async throws(ModelError) -> FileDigest {
    let result: Result<FileDigest, ModelError> = await onBlockingQueue {
      Result { try self.compute(file) }.mapError {
        .cannotRead(path: file.path, reason: fileErrorReason($0))
      }
    }
    return try result.get()
  }

  private func compute(_ file: URL) throws -> FileDigest {
    let handle = try FileHandle(forReadingFrom: file)
    defer { try? handle.close() }
    switch self {
    case .sha256: return .sha256(try hash(SHA256(), handle))
    case .md5: return .md5(try hash(Insecure.MD5(), handle))
    case .gitBlob:
      var function = Insecure.SHA1()
      let size = try handle.seekToEnd()
      try handle.seek(toOffset: 0)
      function.update(data: Data("blob \(size)\0".utf8))
      return .gitBlob(try hash(function, handle))
    }
  }

  private func hash(_ function: some HashFunction, _ handle: FileHandle) throws -> String {
    var function = function
    while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { function.update(data: data) }
    return hexadecimal(function.finalize())
  }
}

extension ExpectedDigest {
  /// The digest, if it is known before a server is asked.
  var known: FileDigest? {
    switch self {
    case .sha256(let text): .sha256(text)
    case .gitBlob(let text): .gitBlob(text)
    case .md5(let text): .md5(text)
    case .toldByHub: nil
    }
  }

  /// The digest with its kind, for a manifest; nil if it is not known.
  var text: String? {
    switch self {
    case .sha256(let text): "sha256:\(text)"
    case .gitBlob(let text): "git:\(text)"
    case .md5(let text): "md5:\(text)"
    case .toldByHub: nil
    }
  }
}

/// Runs work that waits for the disk on a thread that may block, unlike those of Swift's concurrency.
func onBlockingQueue<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    DispatchQueue.global(qos: .utility).async { continuation.resume(returning: work()) }
  }
}
