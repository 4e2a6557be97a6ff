// Fetches a file over HTTP, going on where an earlier attempt stopped.

import Foundation
import SwiftletFiles

/// A download into a file. While it is unfinished the bytes lie in `NAME.partial` and the server's validator
/// for them in `NAME.partial.etag`; a later attempt asks for the rest, on the condition that the file is
/// still the same.
struct Download: Sendable {
  let file: RemoteFile
  /// Where the verified file goes.
  let destination: URL
  /// Seconds without a connection, or without data, until the server is given up.
  var timeout: TimeInterval = 10
  /// Told how many bytes are there and how many there will be, if that is known.
  let progress: @Sendable (_ done: Int64, _ total: Int64?) -> Void
  let verifying: @Sendable () -> Void
  /// Further ones of the request, as they are sent.
  var headers: [String] = []
  /// What an answer with an error means, if there is more to say than its status.
  var explain: @Sendable (HTTPHead) -> ModelError? = { _ in nil }

  /// Enough for gigabytes over a poor line, yet not for ever with a server that sends a byte at a time.
  private static let attemptLimit = 100

  private var partial: URL { destination.appendingPathExtension("partial") }
  private var validatorFile: URL { partial.appendingPathExtension("etag") }

  init(
    _ file: RemoteFile, to destination: URL, timeout: TimeInterval = 10,
    progress: @escaping @Sendable (Int64, Int64?) -> Void, verifying: @escaping @Sendable () -> Void
  ) {
    self.file = file
    self.destination = destination
    self.timeout = timeout
    self.progress = progress
    self.verifying = verifying
  }

  /// Downloads and verifies. A connection that breaks is taken up again as long as each attempt brings
  /// something.
  ///
  /// - Throws: `httpStatus`, `connection`, `truncated`, `noDigest`; `wrongSize`, `digestMismatch` or `cannotWrite` with nothing left
  ///   behind; or `cancelled` with what has arrived left for the next time.
  func run(model: String) async throws(ModelError) {
    var answer: HTTPAnswer?
    var attempts = 0
    while answer == nil, !hasArrived {
      let before = partialSize
      attempts += 1
      do throws(ModelError) {
        answer = try await attempt(model: model)
      } catch .cannotWrite(let path, let reason) {
        // A full disk needs the room more than the next pull needs the bytes.
        discard()
        throw .cannotWrite(path: path, reason: reason)
      } catch .wrongSize(let url, let expected, let found) {
        discard()
        throw .wrongSize(file: url, expected: expected, found: found)
      } catch {
        let isWorthwhile = error.isInterruption && partialSize > before && attempts < Self.attemptLimit
        guard isWorthwhile else { throw error }
        // A cancelled sleep is noticed by the next attempt.
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
    try await verify(try expectedDigest(answer ?? HTTPAnswer()))
    do {
      // A file that has its final name is never looked at again, so its bytes must be on the disk before.
      let handle = try FileHandle(forWritingTo: partial)
      defer { try? handle.close() }
      try handle.synchronize()
      try FileManager.default.moveItem(at: partial, to: destination)
      try? FileManager.default.removeItem(at: validatorFile)
    } catch {
      discard()
      throw .cannotWrite(path: destination.path, reason: fileErrorReason(error))
    }
  }

  /// One request; a second one from the start if the server no longer has the rest of what we have.
  private func attempt(model: String) async throws(ModelError) -> HTTPAnswer {
    do throws(ModelError) {
      return try await request(model: model)
    } catch .httpStatus(416, _) where partialSize > 0 {
      discard()
      return try await request(model: model)
    }
  }

  private func request(model: String) async throws(ModelError) -> HTTPAnswer {
    var request = HTTPRequest(url: file.url, headers: headers, timeout: timeout)
    let offset = partialSize
    if offset > 0, let validator = try? String(contentsOf: validatorFile, encoding: .utf8), !validator.isEmpty
    {
      request.headers += ["Range: bytes=\(offset)-", "If-Range: \(validator)"]
    }
    let transfer = HTTPTransfer(
      partial: partial, validatorFile: validatorFile, limit: file.size, explain: explain, progress: progress)
    return try await transfer.run(request, model: model)
  }

  /// Whether every byte is there already: a pull that was ended while it verified, for example.
  private var hasArrived: Bool {
    file.digest.known != nil && file.size.map { $0 > 0 && $0 == partialSize } ?? false
  }

  private var partialSize: Int64 {
    let attributes = try? FileManager.default.attributesOfItem(atPath: partial.path)
    return (attributes?[.size] as? NSNumber)?.int64Value ?? 0
  }

  private func discard() {
    try? FileManager.default.removeItem(at: partial)
    try? FileManager.default.removeItem(at: validatorFile)
  }

  private func expectedDigest(_ answer: HTTPAnswer) throws(ModelError) -> FileDigest {
    if let digest = file.digest.known { return digest }
    // Of a large file, ETag may be that of a part store; the linked one is the file's own.
    guard let digest = (answer.linkedTag ?? answer.tag).flatMap(FileDigest.init(tag:)) else {
      discard()
      throw .noDigest(url: file.url.absoluteString)
    }
    return digest
  }

  private func verify(_ expected: FileDigest) async throws(ModelError) {
    verifying()
    if let size = file.size, size != partialSize {
      let found = partialSize
      discard()
      throw .wrongSize(file: file.url.absoluteString, expected: size, found: found)
    }
    let found = try await expected.same(of: partial)
    guard found == expected else {
      discard()
      throw .digestMismatch(file: file.url.absoluteString, expected: expected.text, found: found.text)
    }
  }
}
