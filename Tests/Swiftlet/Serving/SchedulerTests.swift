// The scheduler: decodings do not harm each other, and nobody keeps the others waiting.

import Dispatch
import SwiftletTestSupport
import SwiftletWhisper
import Synchronization
import Testing

@testable import Swiftlet

@Suite struct SchedulerTests {
  /// Too long a prompt, and a token that is none: each fails alone, and the others' text is the same.
  @Test func aDecodingThatCannotRunFailsAlone() async throws {
    let fixture = try NetworkFixture()
    let context = fixture.dimensions.textContext
    let prompts = [[1, 5, 9], [2, 2], [8, 1, 4, 4]]
    var expected: [[Int]] = []
    for prompt in prompts { expected.append(try await fixture.run(fixture.decoding(prompt, count: 12))) }
    #expect(expected.allSatisfy { $0.count == 12 })

    for bad in [Array(repeating: 1, count: context + 1), [1, fixture.dimensions.vocabularySize], [-1]] {
      // All begin in the same step.
      let (begun, held) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
      async let holding: Void = onThread {
        try fixture.scheduler.perform { _ in
          begun.signal()
          held.wait()
        }
      }
      try await onThread { begun.wait() }
      let good = Task {
        try await withThrowingTaskGroup(of: (Int, [Int]).self) { group in
          for (index, prompt) in prompts.enumerated() {
            group.addTask { (index, try await fixture.run(fixture.decoding(prompt, count: 12))) }
          }
          var found = [[Int]](repeating: [], count: prompts.count)
          for try await (index, tokens) in group { found[index] = tokens }
          return found
        }
      }
      let failing = Task { try await fixture.run(fixture.decoding(bad, count: 12)) }
      try await waitUntil { fixture.scheduler.waitingCount == prompts.count + 1 }
      held.signal()
      try await holding
      await #expect(throws: WhisperError.self) { try await failing.value }
      #expect(try await good.value == expected)
    }
  }

  @Test func stepsSayWhichDecodingDoesNotFit() throws {
    let fixture = try NetworkFixture()
    let context = fixture.dimensions.textContext
    let long = Array(repeating: 1, count: context + 1)
    let decodings = [[1, 5, 9], long, [2, 2]].map { fixture.decoding($0, count: 12) }
    let steps = DecodingSteps(fixture.scheduler.network, context: fixture.scheduler.context)
    let failures = steps.step(decodings)
    #expect(failures.map(\.index) == [1])
    #expect(failures.first?.error == .contextExceeded(tokens: context + 1, positions: context))
    #expect(decodings.map { $0.search.best.tokens.count } == [1, 0, 1])
  }

  /// Other callers' own work and the steps take turns.
  @Test func encodingDoesNotKeepDecodingWaiting() async throws {
    let fixture = try NetworkFixture()
    let log = Log()
    let (begun, held) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    async let holding: Void = onThread {
      try fixture.scheduler.perform { _ in
        begun.signal()
        held.wait()
      }
    }
    try await onThread { begun.wait() }
    let decoding = Task { try await fixture.run(fixture.decoding([1, 5], count: 8) { log.add("s") }) }
    try await waitUntil { fixture.scheduler.waitingCount == 1 }
    let others = Task {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<5 {
          group.addTask { try await onThread { try fixture.scheduler.perform { _ in log.add("e") } } }
        }
        try await group.waitForAll()
      }
    }
    try await waitUntil { fixture.scheduler.waitingCount == 6 }
    let live = Task {
      try await onThread { try fixture.scheduler.perform(isLive: true) { _ in log.add("l") } }
    }
    try await waitUntil { fixture.scheduler.waitingCount == 7 }
    held.signal()
    try await holding
    _ = try await decoding.value
    try await others.value
    try await live.value
    // Live sound goes first; then a step after each of the others.
    #expect(log.value == "lsesesesesesss")
  }

  private final class Log: Sendable {
    private let text = Mutex("")
    var value: String { text.withLock { $0 } }
    func add(_ entry: String) { text.withLock { $0 += entry } }
  }
}

/// Waits for what other threads are about to do.
func waitUntil(_ condition: () -> Bool) async throws {
  for _ in 0..<3_000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
  #expect(condition())
}
