// Jobs on the disk.

#if Server
import Foundation
import Swiftlet
import SwiftletTestSupport
import Testing

@testable import SwiftletServer

@Suite struct JobStoreTests {
  private let folder = TestFolder()

  private func job(
    _ id: String, owner: String = "", key: String? = nil, digest: String = "d", at time: Double = 1
  ) -> JobRecord {
    JobRecord(
      id: id, owner: owner, name: "a.wav", bytes: 3, model: "tiny.en", fields: Data("[]".utf8),
      task: "transcribe",
      createdAt: time, idempotencyKey: key, digest: digest)
  }

  private func audio() throws -> URL { try folder.write(Data("abc".utf8), as: UUID().uuidString) }

  private func segment(_ number: Int) -> Segment {
    Segment(
      start: Double(number), end: Double(number + 1), text: "\(number)", tokens: [number], language: "en")
  }

  @Test func whatIsAddedIsThereAfterARestart() async throws {
    let store = try JobStore(in: folder.url)
    let (added, isNew) = try await store.add(job("job_1"), audio: audio())
    #expect(isNew && added.status == .queued)
    try await store.update("job_1") { $0.status = .running }
    try await store.add(
      [segment(0), segment(1)], from: 0, to: "job_1", position: 2, duration: 10, checkpoint: nil,
      notices: ["n"])
    // A file that belongs to nothing: its job was never written.
    try folder.write(Data("x".utf8), as: "jobs/job_lost")

    let again = try JobStore(in: folder.url)
    try await again.recover()
    let found = try #require(try await again.job("job_1", owner: ""))
    #expect(found.status == .queued && found.position == 2 && found.duration == 10 && found.language == "en")
    #expect(try await again.segments(of: "job_1").map(\.text) == ["0", "1"])
    #expect(try await again.segments(of: "job_1", from: 1).map(\.text) == ["1"])
    #expect(try Data(contentsOf: again.audio(of: "job_1")) == Data("abc".utf8))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/jobs/job_lost"))
    try await again.dropSegments(of: "job_1", from: 1)
    #expect(try await again.segments(of: "job_1").count == 1)
  }

  @Test func theSameKeyIsTheSameJob() async throws {
    let store = try JobStore(in: folder.url)
    let first = try await store.add(job("job_1", key: "k"), audio: audio())
    let second = try await store.add(job("job_2", key: "k"), audio: audio())
    #expect(first.isNew && !second.isNew && second.job.id == "job_1")
    #expect(!FileManager.default.fileExists(atPath: store.audio(of: "job_2").path))
    // Keys are their owners' own.
    #expect(try await store.add(job("job_3", owner: "b", key: "k"), audio: audio()).isNew)
    #expect(try await store.add(job("job_4"), audio: audio()).isNew)
    #expect(try await store.add(job("job_5"), audio: audio()).isNew, "jobs without a key are no duplicates")
  }

  @Test func ownersSeeTheirOwnJobs() async throws {
    let store = try JobStore(in: folder.url)
    for number in 1...5 {
      _ = try await store.add(
        job("job_\(number)", owner: number == 5 ? "b" : "a", at: Double(number)), audio: audio())
    }
    #expect(try await store.job("job_5", owner: "a") == nil)
    let page = try await store.jobs(owner: "a", status: nil, after: nil, limit: 3)
    #expect(page.map(\.id) == ["job_4", "job_3", "job_2"])
    #expect(try await store.jobs(owner: "a", status: nil, after: "job_2", limit: 3).map(\.id) == ["job_1"])
    try await store.update("job_3") { $0.status = .failed }
    #expect(try await store.jobs(owner: "a", status: .failed, after: nil, limit: 3).map(\.id) == ["job_3"])
    #expect(try await store.counts["queued"] == 4)
  }

  @Test func whoHasTheFewestAtWorkIsNext() async throws {
    let store = try JobStore(in: folder.url)
    for (id, owner, time) in [("job_1", "a", 1.0), ("job_2", "a", 2), ("job_3", "b", 3)] {
      _ = try await store.add(job(id, owner: owner, at: time), audio: audio())
    }
    #expect(try await store.next(notOf: [:], without: [])?.id == "job_1")
    #expect(try await store.next(notOf: ["a": 1], without: ["job_1"])?.id == "job_3")
    #expect(try await store.next(notOf: ["a": 1, "b": 1], without: ["job_1", "job_3"])?.id == "job_2")
  }

  @Test func whatHasEndedStaysSo() async throws {
    let store = try JobStore(in: folder.url)
    _ = try await store.add(job("job_1"), audio: audio())
    try await store.update("job_1") { job in
      job.status = .cancelled
      job.expiresAt = 100
    }
    try await store.update("job_1") { $0.status = .completed }
    try await store.add(
      [segment(0)], from: 0, to: "job_1", position: 1, duration: nil, checkpoint: nil, notices: [])
    #expect(try await store.job("job_1")?.status == .cancelled)
    #expect(try await store.segments(of: "job_1").isEmpty)
    #expect(try await store.expired(at: 99).isEmpty)
    #expect(try await store.expired(at: 101) == ["job_1"])
    try await store.remove("job_1")
    #expect(try await store.job("job_1") == nil)
    #expect(!FileManager.default.fileExists(atPath: store.audio(of: "job_1").path))
  }

  @Test func rangesOfFilesAreRead() {
    #expect(FileResponse.range("bytes=0-9", length: 100) == 0..<10)
    #expect(FileResponse.range("bytes=90-", length: 100) == 90..<100)
    #expect(FileResponse.range("bytes=-10", length: 100) == 90..<100)
    #expect(FileResponse.range("bytes=-1000", length: 100) == 0..<100)
    #expect(FileResponse.range("bytes=0-\(Int.max)", length: 100) == 0..<100)
    #expect(FileResponse.range("bytes=100-", length: 100)?.isEmpty == true)
    #expect(FileResponse.range("bytes=-0", length: 100)?.isEmpty == true)
    for text in ["bytes=9-0", "items=0-9", "bytes=0-9,20-29", "bytes=", "bytes=a-b", "bytes=--5"] {
      #expect(FileResponse.range(text, length: 100) == nil, "\(text) is ignored")
    }
  }

  @Test(arguments: [
    ("RIFF....WAVE", "audio/wav"), ("fLaC", "audio/flac"), ("OggS", "audio/ogg"), ("ID3", "audio/mpeg"),
    ("....ftypisom", "video/mp4"), ("<html>", "application/octet-stream"), ("", "application/octet-stream"),
  ])
  func typesAreThoseOfTheContent(beginning: String, type: String) {
    #expect(FileResponse.type(of: Data(beginning.utf8)) == type)
  }
}
#endif
