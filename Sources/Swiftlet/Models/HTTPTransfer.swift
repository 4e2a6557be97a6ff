// One HTTP request whose body goes to a file.

import Foundation
import SwiftletFiles

/// A GET request.
struct HTTPRequest: Sendable {
  let url: URL
  /// As they are sent: `Name: value`.
  var headers: [String] = []
  /// Seconds without a connection, or without data, until the server is given up.
  let timeout: TimeInterval
}

/// What a server said about a file that arrived whole.
struct HTTPAnswer: Sendable {
  /// `ETag` of the last answer.
  var tag: String?
  /// `X-Linked-ETag`, which the Hugging Face hub sends with the redirection to where a large file is.
  var linkedTag: String?
}

/// Writes what arrives at once, so that memory does not grow with the file.
///
/// libcurl rather than `URLSession`: on Linux, Foundation's is made of libcurl as well but gives no way to set the
/// certificates that are trusted (`SSL_CERT_FILE`), and on macOS it ignores the proxies that the environment names.
struct HTTPTransfer: Sendable {
  let partial: URL
  let validatorFile: URL
  /// The body's bytes, if they are known, or the most that are taken.
  var limit: Int64?
  /// What an answer with an error means, if there is more to say than its status.
  var explain: @Sendable (HTTPHead) -> ModelError? = { _ in nil }
  let progress: @Sendable (_ done: Int64, _ total: Int64?) -> Void

  /// Sends the request and returns when the whole body is in the file.
  func run(_ request: HTTPRequest, model: String) async throws(ModelError) -> HTTPAnswer {
    let stop = StopFlag()
    let result = await withTaskCancellationHandler {
      await onBlockingQueue {
        let body = HTTPBody(
          partial: partial, validatorFile: validatorFile, limit: limit, explain: explain, progress: progress)
        return Result { () throws(ModelError) in
          try HTTPExchange(request, body: body, isCancelled: { stop.isSet }).perform()
        }
      }
    } onCancel: {
      stop.set()
    }
    if Task.isCancelled { throw .cancelled(model: model) }
    return try result.get()
  }
}

/// The file that a body goes to, opened at the place where the answer's part belongs.
final class HTTPBody {
  private let partial: URL
  private let validatorFile: URL
  private let limit: Int64?
  private let explain: (HTTPHead) -> ModelError?
  private let progress: (Int64, Int64?) -> Void
  private var url = ""
  private var handle: FileHandle?
  private var reported: Int64 = 0
  private(set) var done: Int64 = 0
  private(set) var total: Int64?
  /// Bytes between two calls of `progress`.
  private static let reportStep: Int64 = 1 << 18

  init(
    partial: URL, validatorFile: URL, limit: Int64?, explain: @escaping (HTTPHead) -> ModelError?,
    progress: @escaping (Int64, Int64?) -> Void
  ) {
    self.partial = partial
    self.validatorFile = validatorFile
    self.limit = limit
    self.explain = explain
    self.progress = progress
  }

  deinit { try? handle?.close() }

  var isOpen: Bool { handle != nil }

  /// Opens the file for the body of an answer.
  func open(for answer: HTTPHead, url: String) throws(ModelError) {
    guard answer.status == 200 || answer.status == 206 else {
      throw explain(answer) ?? .httpStatus(answer.status, url: url)
    }
    self.url = url
    do {
      if !FileManager.default.fileExists(atPath: partial.path) { try Data().write(to: partial) }
      let handle = try FileHandle(forWritingTo: partial)
      self.handle = handle
      if answer.status == 206 {
        done = Int64(try handle.seekToEnd())
        guard answer.rangeStart == done else {
          throw ModelError.connection(url: url, reason: "the server sent another part than was asked for")
        }
      } else {
        // Either the first request, or the file has changed, or the server does not do ranges.
        if try handle.seekToEnd() > 0 { try handle.truncate(atOffset: 0) }
        // A weak validator may stand for different bytes, so it is of no use here.
        let strong = answer.value(of: "etag").flatMap { $0.hasPrefix("W/") ? nil : $0 } ?? ""
        try strong.write(to: validatorFile, atomically: true, encoding: .utf8)
      }
    } catch let error as ModelError {
      throw error
    } catch {
      throw .cannotWrite(path: partial.path, reason: fileErrorReason(error))
    }
    if let length = answer.contentLength { total = done.addingReportingOverflow(length).partialValue }
    reported = done
  }

  func write(_ data: Data) throws(ModelError) {
    // A server that sends without end would fill the disk.
    if let limit, done + Int64(data.count) > limit {
      throw .wrongSize(file: url, expected: limit, found: done + Int64(data.count))
    }
    do {
      try handle?.write(contentsOf: data)
    } catch {
      throw .cannotWrite(path: partial.path, reason: fileErrorReason(error))
    }
    done += Int64(data.count)
    guard done - reported >= Self.reportStep || done == total else { return }
    reported = done
    progress(done, total)
  }
}

/// Status and headers of an answer.
struct HTTPHead {
  var status = 0
  private var headers: [String: String] = [:]

  /// Reads a line; a line of status begins a new answer.
  mutating func read(_ line: String) {
    if line.hasPrefix("HTTP/") {
      self = HTTPHead()
      status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    } else if let colon = line.firstIndex(of: ":") {
      let name = line[..<colon].lowercased()
      headers[name] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  /// The value of a header, its name in small letters.
  func value(of name: String) -> String? { headers[name] }

  var contentLength: Int64? {
    value(of: "content-length").flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The first byte of `Content-Range: bytes 100-199/200`.
  var rangeStart: Int64? {
    guard let range = value(of: "content-range"), range.hasPrefix("bytes ") else { return nil }
    return Int64(range.dropFirst(6).prefix { $0 != "-" })
  }
}
