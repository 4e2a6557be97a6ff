// Messages about jobs, signed as the Standard Webhooks have it (https://www.standardwebhooks.com).

#if Server
import AsyncHTTPClient
import Crypto
import Foundation
import Logging
import NIOCore
import ServiceLifecycle

/// Sends the messages that are in the ``JobStore``, and tries again those that did not arrive.
struct Webhooks: Service {
  /// Seconds from one attempt to the next; after the last, a message is given up.
  static let delays: [Double] = [5, 30, 300, 1_800, 7_200, 21_600, 43_200]

  private static let atOnce = 16

  private let store: JobStore
  private let secret: SymmetricKey?
  /// The hosts that messages may go to.
  private let hosts: [String]
  private let client: HTTPClient
  private let logger: Logger
  private let wakeUps = WakeUps()

  /// - Throws: ``SwiftletServer/Problem`` for a secret that is none.
  init(store: JobStore, secret: String?, hosts: [String], client: HTTPClient, logger: Logger) throws {
    self.client = client
    self.store = store
    self.hosts = hosts
    self.logger = logger
    if let secret {
      guard secret.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(secret.dropFirst(6))),
        bytes.count >= 24
      else {
        throw SwiftletServer.Problem(
          description:
            "The secret of webhooks must be whsec_ and at least 24 bytes in base64: openssl rand -base64 32.")
      }
      self.secret = SymmetricKey(data: bytes)
    } else {
      self.secret = nil
    }
  }

  /// Finds out whether messages can go to an address.
  func check(_ url: URL) throws(APIError) {
    guard secret != nil, let host = url.host()?.lowercased(), hosts.contains(host) else {
      throw APIError(
        status: .forbidden,
        message: "This server sends no messages to \(url.host() ?? "there"); its owner can allow it with "
          + "--webhook-secret and --allow-webhook-host.",
        param: "webhook_url", code: "webhook_not_allowed")
    }
  }

  private struct Message: Encodable {
    var type: String
    var createdAt: Int
    var data: JobBody

    enum CodingKeys: String, CodingKey {
      case type, data
      case createdAt = "created_at"
    }
  }

  /// The message about a job's end; nil if nobody wants one.
  @Sendable func message(about job: JobRecord, text: String) -> WebhookRecord? {
    guard let url = job.webhook else { return nil }
    let now = Date().timeIntervalSince1970
    return WebhookRecord(
      id: newIdentifier("msg_"), job: job.id, url: url,
      body: JSON.data(
        Message(type: "job.\(job.status.rawValue)", createdAt: Int(now), data: JobBody(job, text: text))),
      dueAt: now)
  }

  /// There may be a message.
  func look() { wakeUps.call() }

  func run() async throws { await wakeUps.run(every: 1, sendDue) }

  @Sendable private func sendDue() async {
    while !Task.isCancelled,
      let due = try? await store.dueWebhooks(at: Date().timeIntervalSince1970, limit: Self.atOnce),
      !due.isEmpty
    {
      // A host that does not answer keeps the others waiting for its time-out, and no longer.
      await withDiscardingTaskGroup { group in
        for webhook in due { group.addTask { await deliver(webhook) } }
      }
    }
  }

  private func deliver(_ due: WebhookRecord) async {
    var webhook = due
    do {
      if try await send(webhook) { return try await store.remove(webhook) }
      guard webhook.attempts < Self.delays.count else {
        logger.warning(
          "A webhook is given up.", metadata: ["job": "\(webhook.job)", "attempts": "\(webhook.attempts)"])
        return try await store.remove(webhook)
      }
      webhook.dueAt = Date().timeIntervalSince1970 + Self.delays[webhook.attempts]
      webhook.attempts += 1
      try await store.update(webhook)
    } catch {
      if !(error is CancellationError) { logger.error("A webhook's state could not be written: \(error)") }
    }
  }

  /// - Returns: whether it arrived.
  private func send(_ webhook: WebhookRecord) async throws -> Bool {
    guard let secret else { return false }
    let time = "\(Int(Date().timeIntervalSince1970))"
    let signed = Data("\(webhook.id).\(time).".utf8) + webhook.body
    let code = Data(HMAC<SHA256>.authenticationCode(for: signed, using: secret)).base64EncodedString()
    var request = HTTPClientRequest(url: webhook.url)
    request.method = .POST
    request.headers.add(contentsOf: [
      ("content-type", "application/json"), ("user-agent", "swiftlet"), ("webhook-id", webhook.id),
      ("webhook-timestamp", time), ("webhook-signature", "v1,\(code)"),
    ])
    request.body = .bytes(ByteBuffer(bytes: webhook.body))
    guard let response = try? await client.execute(request, timeout: .seconds(15)) else {
      try Task.checkCancellation()
      return false
    }
    return (200..<300).contains(response.status.code)
  }
}
#endif
