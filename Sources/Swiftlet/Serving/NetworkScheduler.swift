// The one place where the network runs: what callers ask for, as many of them together in a step as there are.

import Dispatch
import SwiftletAudio
import SwiftletCompute
import SwiftletText
import SwiftletWhisper
import Synchronization

/// Runs a model's network for all callers: encodes the windows that they submit, and advances all hypotheses that are being
/// decoded by one token a step, in one batch (Yu et al., "Orca", 2022, section 3.1: iteration-level scheduling).
///
/// A hypothesis that ends makes room at once, and one that comes later joins at the next step. Callers block, on threads of
/// their own and never on those of Swift's concurrency; the network has a thread of its own, so that nothing else waits.
final class NetworkScheduler: Sendable {
  let model: WhisperModel
  let context: ComputeContext
  private let queue = DispatchQueue(label: "swiftlet.network", qos: .userInitiated)
  private let waiting = Mutex(Waiting())
  private let lanes = Mutex<[NetworkLane]>([])
  private let bench: Bench

  private struct Waiting {
    var tasks: [Task] = []
    /// Whether the network's thread is at work, and will see what is added.
    var isRunning = false
  }

  /// The work space. Touched on the queue alone.
  private final class Bench: @unchecked Sendable {
    let encoder: AudioEncoder.State
    let steps: DecodingSteps

    init(_ model: WhisperModel, _ context: ComputeContext) throws {
      encoder = try model.encoder.makeState(threads: context.pool.threads)
      steps = try DecodingSteps(decoder: model.decoder, context: context)
    }
  }

  /// What a caller waits for: its contents are the network's until it is done, and the caller's before and after.
  private final class Task: @unchecked Sendable {
    enum Work {
      /// Something of its own, between two steps.
      case exclusive((AudioEncoder.State, DecodingSteps) throws -> Void)
      /// A decoding that shares steps with others.
      case decoding(any SteppedDecoding, isCancelled: () -> Bool)
    }

    let work: Work
    private(set) var failure: (any Error)?
    /// This task's share of the time that the network has worked on it.
    var seconds = 0.0
    private let done = DispatchSemaphore(value: 0)

    init(_ work: Work) { self.work = work }

    func finish(throwing error: (any Error)? = nil) {
      failure = error
      done.signal()
    }

    func wait() throws {
      done.wait()
      if let failure { throw failure }
    }
  }

  init(model: WhisperModel, context: ComputeContext) throws {
    self.model = model
    self.context = context
    bench = try Bench(model, context)
  }

  /// Lends a caller a lane: the audio it listens to and the caches of its hypotheses. They are large, and used again.
  func withLane<Result>(_ body: (NetworkLane) throws -> Result) rethrows -> Result {
    let lane = lanes.withLock { $0.popLast() } ?? NetworkLane(self)
    defer { lanes.withLock { $0.append(lane) } }
    return try body(lane)
  }

  /// Runs `body` on the network's thread, between two steps of others.
  ///
  /// - Returns: its result, and the seconds that it took.
  func perform<Result>(
    _ body: @escaping (AudioEncoder.State, DecodingSteps) throws -> Result
  ) throws -> (result: Result, seconds: Double) {
    var result: Result?
    let seconds = try submit(.exclusive({ encoder, steps in result = try body(encoder, steps) }))
    guard let result else { throw CancellationError() }
    return (result, seconds)
  }

  /// Advances `decoding` until it is done, together with those of other callers.
  ///
  /// - Parameter isCancelled: asked before every step.
  /// - Returns: its share of the seconds that this took.
  func run(_ decoding: any SteppedDecoding, isCancelled: @escaping () -> Bool) throws -> Double {
    try submit(.decoding(decoding, isCancelled: isCancelled))
  }

  private func submit(_ work: Task.Work) throws -> Double {
    let task = Task(work)
    let mustStart = waiting.withLock { waiting in
      waiting.tasks.append(task)
      defer { waiting.isRunning = true }
      return !waiting.isRunning
    }
    if mustStart { queue.async { self.work() } }
    try task.wait()
    return task.seconds
  }

  /// Works until nobody waits for anything.
  private func work() {
    var live: [Task] = []
    var decodings: [any SteppedDecoding] = []
    while true {
      let arrived = waiting.withLock { waiting in
        defer { waiting.tasks.removeAll() }
        if waiting.tasks.isEmpty && live.isEmpty { waiting.isRunning = false }
        return waiting.tasks
      }
      if arrived.isEmpty && live.isEmpty { return }
      for task in arrived {
        switch task.work {
        case .exclusive(let body): run(body, of: task)
        case .decoding(let decoding, _):
          live.append(task)
          decodings.append(decoding)
        }
      }
      step(&live, &decodings)
    }
  }

  private func run(_ body: (AudioEncoder.State, DecodingSteps) throws -> Void, of task: Task) {
    let clock = ContinuousClock()
    let begin = clock.now
    let outcome = Swift.Result { try body(bench.encoder, bench.steps) }
    task.seconds = (clock.now - begin) / .seconds(1)
    switch outcome {
    case .success: task.finish()
    case .failure(let error): task.finish(throwing: error)
    }
  }

  /// One step of all that is live; what is cancelled or done leaves.
  private func step(_ live: inout [Task], _ decodings: inout [any SteppedDecoding]) {
    leave(&live, &decodings) { task, _ in
      guard case .decoding(_, let isCancelled) = task.work, isCancelled() else { return nil }
      return .failure(CancellationError())
    }
    guard !live.isEmpty else { return }
    let clock = ContinuousClock()
    let begin = clock.now
    var failure: (any Error)?
    do {
      try bench.steps.step(decodings)
    } catch {
      failure = error
    }
    let share = (clock.now - begin) / .seconds(1) / Double(live.count)
    for task in live { task.seconds += share }
    leave(&live, &decodings) { _, decoding in
      if let failure { return .failure(failure) }
      return decoding.sequences.isEmpty ? .success(()) : nil
    }
  }

  /// Takes out those that `outcome` says are at their end.
  private func leave(
    _ live: inout [Task], _ decodings: inout [any SteppedDecoding],
    outcome: (Task, any SteppedDecoding) -> Swift.Result<Void, any Error>?
  ) {
    for index in live.indices.reversed() {
      guard let outcome = outcome(live[index], decodings[index]) else { continue }
      decodings.remove(at: index)
      let task = live.remove(at: index)
      switch outcome {
      case .success: task.finish()
      case .failure(let error): task.finish(throwing: error)
      }
    }
  }
}
