// One HTTP request whose body goes to a file.

import Foundation
import SwiftletText
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What a server said about a file that arrived whole.
struct HTTPAnswer: Sendable {
  /// `ETag` of the last answer.
  var tag: String?
  /// `X-Linked-ETag`, which the Hugging Face hub sends with the redirection to where a large file is.
  var linkedTag: String?
}

/// Writes what arrives at once, on the session's own queue, so that memory does not grow with the file.
///
/// `URLSession.bytes(for:)` does not exist on Linux and `data(for:)` holds everything in memory, hence a
/// delegate.
final class HTTPTransfer: NSObject, URLSessionDataDelegate {
  private struct State {
    var handle: FileHandle?
    var answer = HTTPAnswer()
    var done: Int64 = 0
    var total: Int64?
    var reported: Int64 = 0
    var failure: ModelError?
    var continuation: CheckedContinuation<Result<HTTPAnswer, ModelError>, Never>?
  }

  private let state = Mutex(State())
  private let partial: URL
  private let validatorFile: URL
  private let progress: @Sendable (Int64, Int64?) -> Void
  /// Bytes between two calls of `progress`.
  private static let reportStep: Int64 = 1 << 18

  init(into partial: URL, validatorFile: URL, progress: @escaping @Sendable (Int64, Int64?) -> Void) {
    self.partial = partial
    self.validatorFile = validatorFile
    self.progress = progress
  }

  /// Sends the request and returns when the whole body is in the file.
  func run(_ request: URLRequest, timeout: TimeInterval, model: String) async throws(ModelError) -> HTTPAnswer
  {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeout
    configuration.urlCache = nil
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock { $0.continuation = continuation }
        task.resume()
        if Task.isCancelled { task.cancel() }
      }
    } onCancel: {
      task.cancel()
    }
    if Task.isCancelled { throw .cancelled(model: model) }
    return try result.get()
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    if let tag = response.value(forHTTPHeaderField: "X-Linked-ETag") {
      state.withLock { $0.answer.linkedTag = tag }
    }
    completionHandler(request)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    let isFine = state.withLock { state in
      do throws(ModelError) {
        try begin(response, &state)
      } catch {
        state.failure = error
      }
      return state.failure == nil
    }
    completionHandler(isFine ? .allow : .cancel)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let (report, isFine) = state.withLock { state -> ((Int64, Int64?)?, Bool) in
      guard state.failure == nil, let handle = state.handle else { return (nil, false) }
      do {
        try handle.write(contentsOf: data)
      } catch {
        state.failure = .cannotWrite(path: partial.path, reason: fileErrorReason(error))
        return (nil, false)
      }
      state.done += Int64(data.count)
      guard state.done - state.reported >= Self.reportStep || state.done == state.total else {
        return (nil, true)
      }
      state.reported = state.done
      return ((state.done, state.total), true)
    }
    if let report { progress(report.0, report.1) }
    if !isFine { dataTask.cancel() }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let url = task.originalRequest?.url?.absoluteString ?? ""
    let (continuation, result) = state.withLock { state in
      try? state.handle?.close()
      state.handle = nil
      defer { state.continuation = nil }
      return (state.continuation, outcome(state, error, url: url))
    }
    continuation?.resume(returning: result)
  }

  private func outcome(_ state: State, _ error: (any Error)?, url: String) -> Result<HTTPAnswer, ModelError> {
    if let failure = state.failure { return .failure(failure) }
    if let total = state.total, state.done < total {
      return .failure(.truncated(url: url, received: state.done, expected: total))
    }
    if let error { return .failure(.connection(url: url, reason: Self.reason(error))) }
    return .success(state.answer)
  }

  /// Opens the file at the place where this answer's body belongs.
  private func begin(_ response: URLResponse, _ state: inout State) throws(ModelError) {
    let url = response.url?.absoluteString ?? ""
    guard let response = response as? HTTPURLResponse else {
      throw .connection(url: url, reason: "the answer is not HTTP")
    }
    guard response.statusCode == 200 || response.statusCode == 206 else {
      throw .httpStatus(response.statusCode, url: url)
    }
    state.answer.tag = response.value(forHTTPHeaderField: "ETag")
    if let tag = response.value(forHTTPHeaderField: "X-Linked-ETag") { state.answer.linkedTag = tag }
    do {
      if !FileManager.default.fileExists(atPath: partial.path) { try Data().write(to: partial) }
      let handle = try FileHandle(forWritingTo: partial)
      state.handle = handle
      if response.statusCode == 206 {
        state.done = Int64(try handle.seekToEnd())
        guard Self.start(of: response) == state.done else {
          throw ModelError.connection(url: url, reason: "the server sent another part than was asked for")
        }
      } else {
        // Either the first request, or the file has changed, or the server does not do ranges.
        if try handle.seekToEnd() > 0 { try handle.truncate(atOffset: 0) }
        // A weak validator may stand for different bytes, so it is of no use here.
        let strong = state.answer.tag.flatMap { $0.hasPrefix("W/") ? nil : $0 } ?? ""
        try strong.write(to: validatorFile, atomically: true, encoding: .utf8)
      }
    } catch let error as ModelError {
      throw error
    } catch {
      throw .cannotWrite(path: partial.path, reason: fileErrorReason(error))
    }
    if response.expectedContentLength >= 0 {
      state.total = state.done.addingReportingOverflow(response.expectedContentLength).partialValue
    }
    state.reported = state.done
  }

  /// The first byte of `Content-Range: bytes 100-199/200`.
  private static func start(of response: HTTPURLResponse) -> Int64? {
    guard let range = response.value(forHTTPHeaderField: "Content-Range"), range.hasPrefix("bytes ") else {
      return nil
    }
    return Int64(range.dropFirst(6).prefix { $0 != "-" })
  }

  /// What an error of the URL loading system means, in words.
  private static func reason(_ error: any Error) -> String {
    guard let error = error as? URLError else { return error.localizedDescription }
    switch error.code {
    case .cannotFindHost, .dnsLookupFailed: return "the host name cannot be resolved (is there a network?)"
    case .cannotConnectToHost: return "the server cannot be reached"
    case .timedOut: return "the server did not answer in time"
    case .networkConnectionLost: return "the connection was lost"
    case .notConnectedToInternet: return "there is no network"
    default: return error.localizedDescription
    }
  }
}
