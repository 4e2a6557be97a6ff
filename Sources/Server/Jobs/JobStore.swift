// Jobs on the disk.

#if Server
import Foundation
import GRDB
import Swiftlet

/// The database of jobs and the files of their recordings.
///
/// What a function here has written is there after a crash of the program or the machine: SQLite writes ahead and waits for the
/// disk (`journal_mode` WAL, `synchronous` FULL).
struct JobStore: Sendable {
  private let database: DatabasePool
  private let folder: URL

  /// - Throws: an error of GRDB or of the file system.
  init(in stateFolder: URL) throws {
    folder = stateFolder.appending(path: "jobs", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = FULL")
    }
    let file = stateFolder.appending(path: "jobs.sqlite").path(percentEncoded: false)
    database = try DatabasePool(path: file, configuration: configuration)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
    try Self.migrator.migrate(database)
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.create(table: "job") { table in
        table.primaryKey("id", .text)
        table.column("owner", .text).notNull()
        table.column("status", .text).notNull().indexed()
        for name in ["name", "model", "task", "digest"] { table.column(name, .text).notNull() }
        table.column("bytes", .integer).notNull()
        table.column("fields", .blob).notNull()
        table.column("createdAt", .double).notNull()
        for name in ["startedAt", "finishedAt", "duration"] { table.column(name, .double) }
        table.column("expiresAt", .double).indexed()
        table.column("position", .double).notNull()
        for name in ["error", "notices", "checkpoint"] { table.column(name, .blob) }
        for name in ["language", "idempotencyKey", "webhook"] { table.column(name, .text) }
        table.uniqueKey(["owner", "idempotencyKey"])
      }
      try database.create(table: "segment", options: .withoutRowID) { table in
        table.column("job", .text).notNull().references("job", onDelete: .cascade)
        table.column("number", .integer).notNull()
        table.column("body", .blob).notNull()
        table.primaryKey(["job", "number"])
      }
      try database.create(table: "webhook") { table in
        table.primaryKey("id", .text)
        table.column("job", .text).notNull()
        table.column("url", .text).notNull()
        table.column("body", .blob).notNull()
        table.column("attempts", .integer).notNull()
        table.column("dueAt", .double).notNull().indexed()
      }
    }
    return migrator
  }

  /// The recording of a job.
  func audio(of id: String) -> URL { folder.appending(path: id) }

  // MARK: Jobs

  /// Accepts a job: its recording becomes the store's, and it is on the disk when this returns.
  ///
  /// - Returns: the job; another one that is there with the same key of idempotency.
  func add(_ job: JobRecord, audio: URL) async throws -> (job: JobRecord, isNew: Bool) {
    let file = self.audio(of: job.id)
    try Self.synchronize(audio)
    try FileManager.default.moveItem(at: audio, to: file)
    do {
      // The folder's entry has to be on the disk as well.
      try Self.synchronize(folder)
      return try await database.write { database in
        if let key = job.idempotencyKey,
          let other = try JobRecord.filter(Column("owner") == job.owner && Column("idempotencyKey") == key)
            .fetchOne(database)
        {
          try? FileManager.default.removeItem(at: file)
          return (other, false)
        }
        try job.insert(database)
        return (job, true)
      }
    } catch {
      try? FileManager.default.removeItem(at: file)
      throw error
    }
  }

  /// Waits until a file or folder is on the disk, and not in the system's memory alone.
  private static func synchronize(_ url: URL) throws {
    let handle = try FileHandle(forReadingFrom: url)
    defer { try? handle.close() }
    try handle.synchronize()
  }

  func job(_ id: String, owner: String) async throws -> JobRecord? {
    try await database.read {
      try JobRecord.filter(Column("id") == id && Column("owner") == owner).fetchOne($0)
    }
  }

  func job(_ id: String) async throws -> JobRecord? {
    try await database.read { try JobRecord.fetchOne($0, key: id) }
  }

  func job(key: String, owner: String) async throws -> JobRecord? {
    try await database.read {
      try JobRecord.filter(Column("owner") == owner && Column("idempotencyKey") == key).fetchOne($0)
    }
  }

  /// The newest jobs first.
  ///
  /// - Parameters:
  ///   - after: the id of the job that the list goes on behind.
  func jobs(
    owner: String, status: JobRecord.Status?, after: String?, limit: Int
  ) async throws -> [JobRecord] {
    try await database.read { database in
      var request = JobRecord.filter(Column("owner") == owner)
      if let status { request = request.filter(Column("status") == status.rawValue) }
      if let after, let last = try JobRecord.fetchOne(database, key: after) {
        request = request.filter(
          Column("createdAt") < last.createdAt
            || (Column("createdAt") == last.createdAt && Column("id") < last.id))
      }
      return try request.order(Column("createdAt").desc, Column("id").desc).limit(limit).fetchAll(database)
    }
  }

  var counts: [String: Int] {
    get async throws {
      let counted = try await database.read { database in
        try Row.fetchAll(database, sql: "SELECT status, COUNT(*) AS n FROM job GROUP BY status")
          .map { ($0["status"] as String, $0["n"] as Int) }
      }
      let none = JobRecord.Status.allCases.map { ($0.rawValue, 0) }
      return Dictionary(counted + none) { one, _ in one }
    }
  }

  /// Changes a job that is not final, and writes a message about it if `webhook` makes one.
  ///
  /// - Returns: the job as it is then; nil if it is gone.
  @discardableResult
  func update(
    _ id: String, webhook: (@Sendable (JobRecord, _ text: String) -> WebhookRecord?)? = nil,
    _ change: @escaping @Sendable (inout JobRecord) -> Void
  ) async throws -> JobRecord? {
    try await database.write { database in
      guard var job = try JobRecord.fetchOne(database, key: id) else { return nil }
      guard !job.status.isFinal else { return job }
      change(&job)
      try job.update(database)
      if job.webhook != nil, let webhook {
        let segments = try SegmentRecord.filter(Column("job") == id).order(Column("number")).fetchAll(
          database
        )
        .map { try JSONDecoder().decode(Segment.self, from: $0.body) }
        try webhook(job, Transcript(segments: segments).text)?.insert(database)
      }
      return job
    }
  }

  /// Removes a job with all that belongs to it.
  func remove(_ id: String) async throws {
    _ = try await database.write { try JobRecord.deleteOne($0, key: id) }
    try? FileManager.default.removeItem(at: audio(of: id))
  }

  /// The job that is to be done next: of the owner who has the fewest at work, the oldest.
  func next(notOf running: [String: Int], without ids: Set<String>) async throws -> JobRecord? {
    try await database.read { database in
      let oldest = try JobRecord.fetchAll(
        database,
        sql: "SELECT * FROM job WHERE status = 'queued' ORDER BY createdAt, id LIMIT 1000")
      return oldest.filter { !ids.contains($0.id) }.min {
        (running[$0.owner] ?? 0, $0.createdAt, $0.id) < (running[$1.owner] ?? 0, $1.createdAt, $1.id)
      }
    }
  }

  /// Puts things in order after a restart: what was at work waits again, and files without a job are removed.
  func recover() async throws {
    let known = try await database.write { database in
      try database.execute(sql: "UPDATE job SET status = 'queued' WHERE status = 'running'")
      return try Set(String.fetchAll(database, sql: "SELECT id FROM job"))
    }
    for file in (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
      ?? []
    where !known.contains(file.lastPathComponent) {
      try? FileManager.default.removeItem(at: file)
    }
  }

  /// The jobs whose time is over.
  func expired(at time: Double) async throws -> [String] {
    try await database.read {
      try String.fetchAll($0, sql: "SELECT id FROM job WHERE expiresAt < ?", arguments: [time])
    }
  }

  // MARK: Segments

  /// The segments of a job from a number on.
  func segments(of id: String, from number: Int = 0, limit: Int = .max) async throws -> [Segment] {
    let records = try await database.read { database in
      try SegmentRecord.filter(Column("job") == id && Column("number") >= number)
        .order(Column("number")).limit(min(limit, Int(Int32.max))).fetchAll(database)
    }
    return try records.map { try JSONDecoder().decode(Segment.self, from: $0.body) }
  }

  /// Adds segments to those that are there, and says where the job could go on behind them.
  func add(
    _ segments: [Segment], from number: Int, to id: String, position: Double, duration: Double?,
    checkpoint: TranscriptionCheckpoint?, notices: [String]
  ) async throws {
    let bodies = try segments.map { try JSONEncoder().encode($0) }
    let checkpoint = try checkpoint.map { try JSONEncoder().encode($0) }
    let notices = try JSONEncoder().encode(notices)
    try await database.write { database in
      guard var job = try JobRecord.fetchOne(database, key: id), !job.status.isFinal else { return }
      for (offset, body) in bodies.enumerated() {
        try SegmentRecord(job: id, number: number + offset, body: body).insert(database)
      }
      job.position = position
      job.duration = duration ?? job.duration
      job.checkpoint = checkpoint
      job.notices = notices
      job.language = job.language ?? segments.first?.language
      try job.update(database)
    }
  }

  /// Drops the segments from a number on.
  func dropSegments(of id: String, from number: Int) async throws {
    try await database.write {
      try $0.execute(sql: "DELETE FROM segment WHERE job = ? AND number >= ?", arguments: [id, number])
    }
  }

  // MARK: Webhooks

  /// The messages that are to be sent next.
  func dueWebhooks(at time: Double, limit: Int) async throws -> [WebhookRecord] {
    try await database.read {
      try WebhookRecord.filter(Column("dueAt") <= time).order(Column("dueAt")).limit(limit).fetchAll($0)
    }
  }

  func update(_ webhook: WebhookRecord) async throws { try await database.write { try webhook.update($0) } }

  func remove(_ webhook: WebhookRecord) async throws {
    _ = try await database.write { try webhook.delete($0) }
  }
}
#endif
