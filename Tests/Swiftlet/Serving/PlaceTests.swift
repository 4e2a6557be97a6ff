// What callers hold while they decode: as much as a step can use, and no longer than they need it.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Synchronization
import Testing

@testable import Swiftlet

@Suite struct PlaceTests {
  /// What several threads write to.
  private final class Shared<Value: Sendable>: Sendable {
    private let contents: Mutex<Value>
    init(_ value: Value) { contents = Mutex(value) }
    var value: Value { contents.withLock { $0 } }
    func change(_ body: (inout sending Value) -> Void) { contents.withLock { body(&$0) } }
  }

  @Test func placesAreTakenInOrderAndLiveSoundGoesFirst() async throws {
    let places = Places(16)
    let all = StopFlag()
    #expect(try places.take(20, stop: all) == 16, "all there are")
    let order = Shared<[Int]>([])
    @Sendable func wait(_ count: Int, isLive: Bool = false) -> Task<Void, any Error> {
      Task {
        try await onThread {
          let stop = StopFlag()
          _ = try places.take(count, isLive: isLive, stop: stop)
          order.change { $0.append(count) }
          places.giveBack(count, stop: stop)
        }
      }
    }
    var waiting: [Task<Void, any Error>] = []
    for (count, isLive) in [(15, false), (14, false), (13, true), (12, true)] {
      let before = places.waitingCount
      waiting.append(wait(count, isLive: isLive))
      try await waitUntil { places.waitingCount == before + 1 }
    }
    places.giveBack(16, stop: all)
    for task in waiting { try await task.value }
    #expect(order.value == [13, 12, 15, 14])
    #expect(places.free == 16 && places.waitingCount == 0)
  }

  @Test func whoIsCancelledLetsOthersPass() async throws {
    let places = Places(16)
    let ten = StopFlag()
    _ = try places.take(10, stop: ten)
    let stop = StopFlag()
    let large = Task { try await onThread { try places.take(16, stop: stop) } }
    try await waitUntil { places.waitingCount == 1 }
    let small = Task { try await onThread { try places.take(2, stop: StopFlag()) } }
    try await waitUntil { places.waitingCount == 2 }
    stop.set()
    await #expect(throws: CancellationError.self) { try await large.value }
    #expect(try await small.value == 2)
    #expect(places.free == 4)
    places.giveBack(10, stop: ten)
  }

  /// The chunks of a long recording do not keep a short one waiting.
  @Test func recordingsTakeTurns() async throws {
    let places = Places(2)
    let (long, short) = (StopFlag(), StopFlag())
    for _ in 0..<2 { _ = try places.take(1, stop: StopFlag(also: long)) }
    let order = Shared<[String]>([])
    @Sendable func wait(_ name: String, _ stop: StopFlag) -> Task<Void, any Error> {
      Task {
        try await onThread {
          _ = try places.take(1, stop: StopFlag(also: stop))
          order.change { $0.append(name) }
        }
      }
    }
    var waiting: [Task<Void, any Error>] = []
    for (name, stop) in [("long", long), ("long", long), ("short", short), ("short", short)] {
      let before = places.waitingCount
      waiting.append(wait(name, stop))
      try await waitUntil { places.waitingCount == before + 1 }
    }
    // The long one has a place left, so the short one is next; then both have one, and the long one asked first.
    for expected in [
      ["short"], ["short", "long"], ["short", "long", "short"], ["short", "long", "short", "long"],
    ] {
      places.giveBack(1, stop: expected.count < 3 ? long : expected.count == 3 ? short : long)
      try await waitUntil { order.value.count == expected.count }
      #expect(order.value == expected)
    }
    for task in waiting { try await task.value }
  }

  /// A large request at the head of the queue does not keep live sound from places that are free.
  @Test func liveSoundTakesWhatIsFree() async throws {
    let places = Places(16)
    let (ten, one) = (StopFlag(), StopFlag())
    _ = try places.take(10, stop: ten)
    let large = Task { try await onThread { try places.take(16, stop: StopFlag()) } }
    try await waitUntil { places.waitingCount == 1 }
    #expect(try places.take(1, isLive: true, stop: one) == 1)
    places.giveBack(10, stop: ten)
    places.giveBack(1, stop: one)
    #expect(try await large.value == 16)
  }

  @Test func onlyWhatIsWantedIsKept() throws {
    let fixture = try NetworkFixture()
    let pool = SequencePool(fixture.scheduler.network)
    #expect(pool.count == SequencePool.Count(audio: 0, sequences: 0))
    pool.begin(sequences: 5)
    pool.begin(sequences: 1)
    let audios = [pool.takeAudio(), pool.takeAudio()]
    let loan = SequenceLoan(pool, over: audios[0])
    #expect(loan.first(1)[0] === loan.first(3)[0])
    // A fallback needs more for a while.
    #expect(loan.first(9).count == 9)
    #expect(pool.count == SequencePool.Count(audio: 2, sequences: 9))
    loan.giveBack()
    loan.giveBack()
    #expect(pool.count == SequencePool.Count(audio: 2, sequences: 6))
    for audio in audios { pool.giveBack(audio) }
    #expect(pool.count == SequencePool.Count(audio: 2, sequences: 6))
    pool.end(sequences: 5)
    #expect(pool.count == SequencePool.Count(audio: 1, sequences: 1))
    pool.end(sequences: 1)
    #expect(pool.count == SequencePool.Count(audio: 1, sequences: 1), "for whoever comes next")
  }

  /// Three beams of five fill a step; sixteen chunks at once take no more memory than that, and none afterwards.
  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: [(1, 16), (5, 3)])
  func batchesHoldWhatAStepCanUse(beamSize: Int, slots: Int) async throws {
    let transcriber = try await TestModels.ownTranscriber()
    var options = TranscriptionOptions()
    options.voiceActivity.batchSize = 64
    options.decoding.beamSize = beamSize
    options.fallback.temperatures = [0]
    let (pool, places) = (transcriber.scheduler.pool, transcriber.scheduler.places)
    let most = Shared(SequencePool.Count(audio: 0, sequences: 0))
    let recording = Fixtures.url("speech/long/1688-142285.opus").path
    let segments = try await withThrowingTaskGroup(of: [Segment].self) { group in
      for _ in 0..<2 {
        group.addTask { [options] in
          var all: [Segment] = []
          for try await segment in transcriber.segments(
            of: .file(path: recording), options: options,
            progress: { _ in
              let count = pool.count
              most.change {
                $0.audio = max($0.audio, count.audio)
                $0.sequences = max($0.sequences, count.sequences)
              }
            })
          { all.append(segment) }
          return all
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(segments[0] == segments[1] && segments[0].count > 5)
    let found = most.value
    #expect((1...slots).contains(found.audio) && (1...slots * beamSize).contains(found.sequences))
    // The iteration ends a moment before the recording's own thread has put everything down.
    try await waitUntil { pool.count == SequencePool.Count(audio: 1, sequences: 1) && places.free == 16 }
  }
}
