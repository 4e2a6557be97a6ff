// Live sound between the task that brings it and the one that hears it.

import Testing

@testable import Swiftlet

@Suite struct SteppedSoundTests {
  @Test func soundIsTakenInOrderAndToItsEnd() async throws {
    let pieces = Handover<[Float]>(capacity: 100, weight: \.count)
    let writer = Task {
      for first in stride(from: 0, to: 1_000, by: 7) {
        #expect(await pieces.put((first..<min(1_000, first + 7)).map(Float.init)))
      }
      pieces.finish(.success(()))
    }
    var sound = SteppedSound(pieces)
    var taken: [Float] = []
    while true {
      let piece = try await sound.take(atLeast: 30, atMost: 50)
      #expect(piece.sound.count <= 50)
      #expect(piece.sound.count >= 30 || piece.isLast || taken.count + piece.sound.count == 1_000)
      taken += piece.sound
      if piece.isLast { break }
    }
    await writer.value
    #expect(taken == (0..<1_000).map(Float.init))
  }

  @Test func whatIsThereIsTakenAtOnce() async throws {
    let pieces = Handover<[Float]>(capacity: 100, weight: \.count)
    for piece in [[1], [2, 3], [4]] as [[Float]] { await pieces.put(piece) }
    var sound = SteppedSound(pieces)
    #expect(try await sound.take(atLeast: 1, atMost: 3) == ([1, 2, 3], false))
    pieces.finish(.success(()))
    #expect(
      try await sound.take(atLeast: 1, atMost: 1) == ([4], true), "the end is known with the last sample")
  }

  private struct Failure: Error {}

  @Test func theFailureComesAfterTheSound() async throws {
    let pieces = Handover<[Float]>(capacity: 100, weight: \.count)
    await pieces.put([1])
    pieces.finish(.failure(Failure()))
    var sound = SteppedSound(pieces)
    #expect(try await sound.take(atLeast: 5, atMost: 5) == ([1], true))
    #expect(sound.failure is Failure)
  }

  @Test func closingLetsGoOfBothSides() async {
    let full = Handover<[Float]>(capacity: 1, weight: \.count)
    let writer = Task { await full.put([1, 2]) }
    let empty = Handover<[Float]>(capacity: 1, weight: \.count)
    let reader = Task {
      var sound = SteppedSound(empty)
      return try await sound.take(atLeast: 1, atMost: 1).sound
    }
    full.close()
    empty.close()
    #expect(await !writer.value, "nobody will take more")
    await #expect(throws: CancellationError.self) { try await reader.value }
  }

  /// A thread may wait at either end.
  @Test func threadsBlockAndPassOn() async throws {
    let numbers = Handover<Int>(capacity: 2)
    let writer = Task {
      try await onThread {
        for number in 0..<100 where !numbers.put(blocking: number) { return false }
        numbers.finish(.success(()))
        return true
      }
    }
    let found = try await onThread {
      var found: [Int] = []
      while let next = try numbers.next(blockingUnless: { false }) { found.append(next) }
      return found
    }
    #expect(found == Array(0..<100))
    #expect(try await writer.value)
    let never = Handover<Int>(capacity: 2)
    let stop = StopFlag()
    let reader = Task { try await onThread { try never.next(blockingUnless: { stop.isSet }) } }
    stop.set()
    await #expect(throws: CancellationError.self) { try await reader.value }
  }
}
