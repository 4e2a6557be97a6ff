// A job, as the database has it.

#if Server
import Foundation
import GRDB
import Swiftlet

/// A recording that is transcribed though nobody waits.
struct JobRecord: Codable, Sendable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "job"

  enum Status: String, Codable, Sendable, CaseIterable {
    case queued, running, completed, failed, cancelled

    var isFinal: Bool { self != .queued && self != .running }
  }

  var id: String
  /// The name of the key it was sent with; empty without keys.
  var owner: String
  var status = Status.queued
  /// What its file was called.
  var name: String
  var bytes: Int64
  var model: String
  /// The fields of its form, as JSON.
  var fields: Data
  var task: String
  var createdAt: Double
  var startedAt: Double?
  var finishedAt: Double?
  var expiresAt: Double?
  /// Seconds of sound; nil as long as that is not known.
  var duration: Double?
  /// Seconds that are done.
  var position = 0.0
  var language: String?
  /// Why it failed, as JSON.
  var error: Data?
  /// Sentences about the recording, as JSON.
  var notices: Data?
  /// Where it goes on after a restart, as JSON.
  var checkpoint: Data?
  var idempotencyKey: String?
  /// Of the form: whether another request with the same key is the same.
  var digest: String
  var webhook: String?
}

/// What was said in a stretch of a job's recording.
struct SegmentRecord: Codable, Sendable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "segment"

  var job: String
  /// From 0 on.
  var number: Int
  /// `Segment` as JSON.
  var body: Data
}

/// A message to somebody who wants to know of a job.
struct WebhookRecord: Codable, Sendable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "webhook"

  var id: String
  var job: String
  var url: String
  var body: Data
  var attempts = 0
  /// When it is tried next.
  var dueAt: Double
}
#endif
