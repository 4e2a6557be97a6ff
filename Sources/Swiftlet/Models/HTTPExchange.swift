// One HTTP exchange through libcurl.

import CCurl
import Foundation

/// A request and its answer, on the thread that calls.
///
/// libcurl itself reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`; `SSL_CERT_FILE` and `SSL_CERT_DIR`
/// are given to it here.
final class HTTPExchange {
  private let request: HTTPRequest
  private let body: HTTPBody
  private let isCancelled: () -> Bool
  private var head = HTTPHead()
  private var answer = HTTPAnswer()
  private var failure: ModelError?
  private var url: String { request.url.absoluteString }

  /// As browsers do.
  private static let redirectionLimit = 20
  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  init(_ request: HTTPRequest, body: HTTPBody, isCancelled: @escaping () -> Bool) {
    self.request = request
    self.body = body
    self.isCancelled = isCancelled
  }

  /// Sends the request and returns when the whole body is in the file.
  ///
  /// - Throws: `httpStatus`, `connection`, `truncated` or `cannotWrite`.
  func perform() throws(ModelError) -> HTTPAnswer {
    guard ["http", "https"].contains(request.url.scheme?.lowercased()) else {
      throw .connection(url: url, reason: "this is no http or https address")
    }
    guard Self.isReady, let handle = curl_easy_init() else {
      throw .connection(url: url, reason: "libcurl cannot be started")
    }
    // libcurl may write to it until it is cleaned up.
    let messages = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    messages.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    defer {
      curl_easy_cleanup(handle)
      messages.deallocate()
    }
    var headers: UnsafeMutablePointer<curl_slist>?
    // Compressed transfer would make offsets and sizes mean something else.
    for header in request.headers + ["Accept-Encoding: identity"] {
      headers = curl_slist_append(headers, header)
    }
    defer { curl_slist_free_all(headers) }
    swiftlet_curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
    configure(handle)
    setCallbacks(handle)
    swiftlet_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, messages)

    let code = curl_easy_perform(handle)
    if let failure { throw failure }
    if let total = body.total, body.done < total {
      throw .truncated(url: url, received: body.done, expected: total)
    }
    guard code == CURLE_OK else {
      throw .connection(url: url, reason: Self.reason(code, message: String(cString: messages)))
    }
    // Nothing comes after the head of an empty file.
    if !body.isOpen { try body.open(for: head, url: url) }
    return answer
  }

  private func configure(_ handle: UnsafeMutableRawPointer) {
    let seconds = max(1, Int(request.timeout.rounded(.up)))
    for (option, value) in [
      // Signals belong to the program.
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 1), (CURLOPT_MAXREDIRS, Self.redirectionLimit),
      (CURLOPT_CONNECTTIMEOUT, seconds), (CURLOPT_LOW_SPEED_LIMIT, 1), (CURLOPT_LOW_SPEED_TIME, seconds),
      (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1), (CURLOPT_NOPROGRESS, 0),
    ] { swiftlet_curl_set_number(handle, option, value) }
    swiftlet_curl_set_pointer(handle, CURLOPT_URL, url)
    swiftlet_curl_set_pointer(handle, CURLOPT_USERAGENT, "swiftlet")
    let environment = ProcessInfo.processInfo.environment
    for (name, option) in [("SSL_CERT_FILE", CURLOPT_CAINFO), ("SSL_CERT_DIR", CURLOPT_CAPATH)] {
      if let path = environment[name], !path.isEmpty { swiftlet_curl_set_pointer(handle, option, path) }
    }
  }

  private func setCallbacks(_ handle: UnsafeMutableRawPointer) {
    let this = Unmanaged.passUnretained(self).toOpaque()
    for option in [CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_XFERINFODATA] {
      swiftlet_curl_set_pointer(handle, option, this)
    }
    swiftlet_curl_set_writer(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, this in
      HTTPExchange.of(this)?.received(head: Data(UnsafeRawBufferPointer(start: bytes, count: size * count)))
        ?? 0
    }
    swiftlet_curl_set_writer(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, this in
      HTTPExchange.of(this)?.received(body: Data(UnsafeRawBufferPointer(start: bytes, count: size * count)))
        ?? 0
    }
    // Called at least once a second, also while nothing arrives.
    swiftlet_curl_set_progress(handle) { this, _, _, _, _ in
      HTTPExchange.of(this)?.isCancelled() ?? true ? 1 : 0
    }
  }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> HTTPExchange? {
    pointer.map { Unmanaged<HTTPExchange>.fromOpaque($0).takeUnretainedValue() }
  }

  /// - Returns: how many bytes were taken; fewer end the transfer.
  private func received(head line: Data) -> Int {
    head.read(String(decoding: line, as: UTF8.self))
    answer.tag = head.value(of: "etag")
    // The hub sends it with a redirection, whose head is followed by others.
    answer.linkedTag = head.value(of: "x-linked-etag") ?? answer.linkedTag
    return line.count
  }

  private func received(body data: Data) -> Int {
    do throws(ModelError) {
      if !body.isOpen { try body.open(for: head, url: url) }
      try body.write(data)
      return data.count
    } catch {
      failure = error
      return 0
    }
  }

  /// What an error of libcurl means, in words.
  private static func reason(_ code: CURLcode, message: String) -> String {
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: return "the host name cannot be resolved (is there a network?)"
    case CURLE_OPERATION_TIMEDOUT: return "the server did not answer in time"
    case CURLE_TOO_MANY_REDIRECTS: return "the server redirects more than \(redirectionLimit) times"
    case CURLE_SSL_CACERT_BADFILE: return "the certificates in SSL_CERT_FILE or SSL_CERT_DIR cannot be read"
    case CURLE_PEER_FAILED_VERIFICATION:
      return
        "the server's certificate is not trusted (\(message)); SSL_CERT_FILE names a file of trusted ones"
    default: return message.isEmpty ? String(cString: curl_easy_strerror(code)) : message
    }
  }
}
