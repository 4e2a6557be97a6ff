// The one place where the network runs: what callers ask for, as many of them together in a step as there are.

import Dispatch
import SwiftletCompute
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
      encoder = try model.encoder.makeState(context)
      steps = try DecodingSteps(decoder: model.decoder, context: context)
    }
  }

  /// What a caller waits for: what it holds is the network's until it is done, and the caller's before and after.
  private enum Task: @unchecked Sendable {
    /// Something of its own, between two steps.
    case exclusive((AudioEncoder.State, DecodingSteps) -> Void)
    case decoding(Live)
  }

  /// A decoding that shares steps with others.
  private final class Live {
    let decoding: any SteppedDecoding
    let isCancelled: () -> Bool
    /// Its share of the seconds of its steps.
    let outcome = Outcome<Double>()
    var seconds = 0.0

    init(_ decoding: any SteppedDecoding, isCancelled: @escaping () -> Bool) {
      self.decoding = decoding
      self.isCancelled = isCancelled
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
  func perform<Result: Sendable>(
    _ body: @escaping (AudioEncoder.State, DecodingSteps) throws -> Result
  ) throws -> Result {
    let outcome = Outcome<Result>()
    submit(.exclusive({ encoder, steps in outcome.finish(Swift.Result { try body(encoder, steps) }) }))
    return try outcome.wait()
  }

  /// Advances `decoding` until it is done, together with those of other callers.
  ///
  /// - Parameter isCancelled: asked before every step.
  /// - Returns: its share of the seconds that this took.
  func run(_ decoding: any SteppedDecoding, isCancelled: @escaping () -> Bool) throws -> Double {
    let live = Live(decoding, isCancelled: isCancelled)
    submit(.decoding(live))
    return try live.outcome.wait()
  }

  private func submit(_ task: Task) {
    let mustStart = waiting.withLock { waiting in
      waiting.tasks.append(task)
      defer { waiting.isRunning = true }
      return !waiting.isRunning
    }
    if mustStart { queue.async { self.work() } }
  }

  /// Works until nobody waits for anything.
  private func work() {
    var live: [Live] = []
    /// Those of `live`, kept so that a step allocates nothing.
    var decodings: [any SteppedDecoding] = []
    while true {
      let arrived = waiting.withLock { waiting in
        defer { waiting.tasks.removeAll() }
        if waiting.tasks.isEmpty && live.isEmpty { waiting.isRunning = false }
        return waiting.tasks
      }
      if arrived.isEmpty && live.isEmpty { return }
      for task in arrived {
        switch task {
        case .exclusive(let body): body(bench.encoder, bench.steps)
        case .decoding(let task):
          live.append(task)
          decodings.append(task.decoding)
        }
      }
      step(&live, &decodings)
    }
  }

  /// One step of all that is live; what is cancelled or done leaves.
  private func step(_ live: inout [Live], _ decodings: inout [any SteppedDecoding]) {
    leave(&live, &decodings) { $0.isCancelled() ? .failure(CancellationError()) : nil }
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
    leave(&live, &decodings) { task in
      if let failure { return .failure(failure) }
      return task.decoding.sequences.isEmpty ? .success(task.seconds) : nil
    }
  }

  /// Takes out those that have an outcome.
  private func leave(
    _ live: inout [Live], _ decodings: inout [any SteppedDecoding],
    outcome: (Live) -> Swift.Result<Double, any Error>?
  ) {
    for index in live.indices.reversed() {
      guard let outcome = outcome(live[index]) else { continue }
      decodings.remove(at: index)
      live.remove(at: index).outcome.finish(outcome)
    }
  }
}
