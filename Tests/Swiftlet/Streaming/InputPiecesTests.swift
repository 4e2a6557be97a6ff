// Inputs as pieces of sound: to the end, and left before it.

import Foundation
import SwiftletTestSupport
import Synchronization
import Testing

@testable import Swiftlet

@Suite struct InputPiecesTests {
  private let jfk = Fixtures.url("speech/jfk.flac").path

  @Test(.enabled(if: Fixtures.readsMedia)) func allPiecesComeInOrder() async throws {
    var counts: [Int] = []
    for try await piece in InputPieces(input: .file(path: jfk)) { counts.append(piece.count) }
    #expect(counts == Array(repeating: 1_600, count: 110))
    var iterator = InputPieces(input: .file(path: jfk)).makeAsyncIterator()
    while try await iterator.next() != nil {}
    #expect(try await iterator.next() == nil, "the end stays the end")
  }

  private struct Enough: Error {}

  /// A semaphore below its first value may not be freed: this once ended the process.
  @Test(.enabled(if: Fixtures.readsMedia)) func itCanBeLeftEarly() async throws {
    for pieces in 0..<12 {
      var heard = 0
      for try await _ in InputPieces(input: .file(path: jfk)) {
        if heard == pieces { break }
        heard += 1
      }
      #expect(heard == pieces)
    }
    for paced in [false, true] {
      await #expect(throws: Enough.self) {
        for try await _ in InputPieces(input: .file(path: jfk), isPaced: paced) { throw Enough() }
      }
    }
  }

  @Test func whatIsWrongIsThrown() async throws {
    await #expect(throws: (any Error).self) {
      for try await _ in InputPieces(input: .file(path: "/nowhere/talk.flac")) {}
    }
    for rate in [Int.min, -1, 0, 1, 1 << 40, Int.max] {
      var raw = AudioInput.file(path: jfk)
      (raw.sampleFormat, raw.sampleRate) = (.s16le, rate)
      let input = raw
      #expect(throws: SwiftletError.self) { try input.check() }
      await #expect(throws: (any Error).self) {
        for try await _ in InputPieces(input: input) {}
      }
    }
  }

  @Test func cancellingDoesNotWaitForAnIdlePipe() async throws {
    let path = TestFolder.place("new").path
    #expect(mkfifo(path, 0o600) == 0)
    // Held open, and nothing ever comes.
    let writer = open(path, O_RDWR)
    defer {
      close(writer)
      unlink(path)
    }
    var raw = AudioInput.file(path: path)
    raw.sampleFormat = .s16le
    let input = raw
    let listening = Task {
      for try await _ in InputPieces(input: input) {}
    }
    try await Task.sleep(for: .milliseconds(50))
    listening.cancel()
    await #expect(throws: CancellationError.self) { try await listening.value }
  }

  /// Sound without end from a source that does not ask whether it is cancelled.
  private struct Stubborn: AsyncSequence, Sendable {
    let ended = Ended()

    final class Ended: Sendable {
      private let flag = Mutex(false)
      var value: Bool { flag.withLock { $0 } }
      func set() { flag.withLock { $0 = true } }
    }

    final class Iterator: AsyncIteratorProtocol {
      private let ended: Ended
      init(_ ended: Ended) { self.ended = ended }
      func next() async -> [Float]? {
        await Task.yield()
        return [Float](repeating: 0, count: 1_600)
      }
      deinit { ended.set() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(ended) }
  }

  private func expectEnd(of sound: Stubborn) async throws {
    for _ in 0..<1_000 where !sound.ended.value { try await Task.sleep(for: .milliseconds(10)) }
    #expect(sound.ended.value, "nobody takes sound any more, and nobody brings any")
  }

  @Test func aStepThatFailsEndsTheSound() async throws {
    let sound = Stubborn()
    var steps = 0
    await #expect(throws: Enough.self) {
      try await take(sound, limits: { (16_000, 32_000) }) { piece, _ in
        #expect((16_000...32_000).contains(piece.count))
        steps += 1
        if steps == 3 { throw Enough() }
      }
    }
    try await expectEnd(of: sound)
  }

  @Test func cancellingEndsTheSound() async throws {
    let sound = Stubborn()
    let task = Task { try await take(sound, limits: { (16_000, 32_000) }) { _, _ in } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await expectEnd(of: sound)
  }
}
