// The one place where the network runs: what callers ask for, as many of them together in a step as there are.

import SwiftletCompute
import SwiftletWhisper
import Synchronization

/// Runs a model's network for all callers: encodes the windows that they submit, and advances all hypotheses that are being
/// decoded by one token a step, in one batch (Yu et al., "Orca", 2022, section 3.1: iteration-level scheduling).
///
/// A hypothesis that ends makes room at once, and one that comes later joins at the next step. Callers block, on threads of
/// their own and never on those of Swift's concurrency; the network has a thread of its own, so that nothing else waits.
final class NetworkScheduler: Sendable {
  let network: any Network
  /// What callers compute with besides: probabilities, the choice of tokens, alignments.
  let context: ComputeContext
  /// The caches that callers decode with.
  let pool: SequencePool
  /// A step has room for so many sequences; more would only wait, with all their memory.
  let places: Places
  private let queue = BlockingThreads("swiftlet.network", limit: 1)
  private let waiting = Mutex(Waiting())
  private let bench: Bench
  /// Steps so far, and the decodings that they advanced.
  private let steps = Atomic<Int>(0)
  private let advanced = Atomic<Int>(0)

  private struct Waiting {
    var turns: [Turn] = []
    var decodings: [Arrival] = []
    /// Whether the network's thread is at work, and will see what is added.
    var isRunning = false

    /// The next turn; if it is a window's, those of as many more as are encoded together.
    mutating func takeTurns(windows: Int) -> [Turn] {
      guard !turns.isEmpty else { return [] }
      var taken = [turns.removeFirst()]
      guard taken[0].listening != nil else { return taken }
      while taken.count < windows, let next = turns.firstIndex(where: { $0.listening != nil }) {
        taken.append(turns.remove(at: next))
      }
      return taken
    }
  }

  /// Touched on the queue alone, as the network is.
  private struct Bench: @unchecked Sendable {
    let steps: DecodingSteps
  }

  /// What is done between two steps. What it holds is the network's until it is done, and the caller's before and after.
  private struct Turn: @unchecked Sendable {
    enum Work {
      /// Something of a caller's own.
      case body((any Network) -> Void)
      case listening(Listening)
    }
    let isLive: Bool
    let work: Work

    var listening: Listening? {
      if case .listening(let listening) = work { listening } else { nil }
    }
  }

  /// A window, and where what the decoder listens to goes.
  private struct Listening {
    let window: EncoderInput
    let memory: AudioMemory
    let outcome: Outcome<ListeningTime>
  }

  /// A decoding on its way to the network's thread, whose it is until it has an outcome.
  private struct Arrival: @unchecked Sendable {
    let live: Live
  }

  /// A decoding that shares steps with others.
  private final class Live {
    let decoding: any SteppedDecoding
    let stop: StopFlag
    /// Its share of the seconds of its steps.
    let outcome = Outcome<Double>()
    var seconds = 0.0

    init(_ decoding: any SteppedDecoding, stop: StopFlag) {
      self.decoding = decoding
      self.stop = stop
    }
  }

  init(_ network: any Network, context: ComputeContext) {
    self.network = network
    self.context = context
    pool = SequencePool(network)
    places = Places(network.maximumSequences)
    bench = Bench(steps: DecodingSteps(network, context: context))
  }

  /// Runs `body` on the network's thread, between two steps of others.
  func perform<Result: Sendable>(
    isLive: Bool = false, _ body: @escaping (any Network) throws -> Result
  ) throws -> Result {
    let outcome = Outcome<Result>()
    submit(
      Turn(isLive: isLive, work: .body { network in outcome.finish(Swift.Result { try body(network) }) }))
    return try outcome.wait()
  }

  /// Encodes a window, together with those of other callers where the network is better at that, between two steps.
  ///
  /// - Returns: its share of the seconds that this took.
  func listen(to window: EncoderInput, into memory: AudioMemory, isLive: Bool) throws -> ListeningTime {
    let outcome = Outcome<ListeningTime>()
    let listening = Listening(window: window, memory: memory, outcome: outcome)
    submit(Turn(isLive: isLive, work: .listening(listening)))
    return try outcome.wait()
  }

  /// Advances `decoding` until it is done, together with those of other callers.
  ///
  /// - Parameter stop: asked before every step.
  /// - Returns: its share of the seconds that this took.
  func run(_ decoding: any SteppedDecoding, stop: StopFlag) throws -> Double {
    let arrival = Arrival(live: Live(decoding, stop: stop))
    submit { $0.decodings.append(arrival) }
    return try arrival.live.outcome.wait()
  }

  /// Steps of the decoder so far, and the sum of the windows that each advanced.
  var decoderWork: (steps: Int, windows: Int) {
    (steps.load(ordering: .relaxed), advanced.load(ordering: .relaxed))
  }

  /// How many callers wait for the network's thread.
  var waitingCount: Int { waiting.withLock { $0.turns.count + $0.decodings.count } }

  private func submit(_ turn: Turn) {
    submit { waiting in
      let position = turn.isLive ? waiting.turns.firstIndex { !$0.isLive } : nil
      waiting.turns.insert(turn, at: position ?? waiting.turns.endIndex)
    }
  }

  private func submit(_ add: (inout Waiting) -> Void) {
    let mustStart = waiting.withLock { waiting in
      add(&waiting)
      defer { waiting.isRunning = true }
      return !waiting.isRunning
    }
    if mustStart { queue.add { self.work() } }
  }

  /// Works until nobody waits for anything: one turn and one step by turns, so that neither keeps the other waiting for long.
  private func work() {
    var live: [Live] = []
    /// Those of `live`, kept so that a step allocates nothing.
    var decodings: [any SteppedDecoding] = []
    while true {
      let (turns, arrived) = waiting.withLock { waiting in
        let turns = waiting.takeTurns(windows: network.maximumWindows)
        defer { waiting.decodings.removeAll() }
        waiting.isRunning = !turns.isEmpty || !waiting.decodings.isEmpty || !live.isEmpty
        return (turns, waiting.decodings)
      }
      if turns.isEmpty && arrived.isEmpty && live.isEmpty { return }
      take(turns)
      for arrival in arrived {
        live.append(arrival.live)
        decodings.append(arrival.live.decoding)
      }
      step(&live, &decodings)
    }
  }

  private func take(_ turns: [Turn]) {
    if case .body(let body) = turns.first?.work { body(network) }
    listen(turns.compactMap(\.listening))
  }

  private func listen(_ windows: [Listening]) {
    guard !windows.isEmpty else { return }
    do throws(WhisperError) {
      let time = try network.listen(to: windows.map(\.window), into: windows.map(\.memory))
      let share = ListeningTime(
        encoder: time.encoder / Double(windows.count), decoder: time.decoder / Double(windows.count))
      for window in windows { window.outcome.finish(.success(share)) }
    } catch {
      // Only those that can't be encoded alone have failed.
      if windows.count > 1 {
        for window in windows { listen([window]) }
      } else {
        windows[0].outcome.finish(.failure(error))
      }
    }
  }

  /// One step of all that is live; what is cancelled, done or can't go on leaves.
  private func step(_ live: inout [Live], _ decodings: inout [any SteppedDecoding]) {
    leave(&live, &decodings) { task, _ in task.stop.isSet ? .failure(CancellationError()) : nil }
    guard !live.isEmpty else { return }
    let clock = ContinuousClock()
    let begin = clock.now
    let failures = bench.steps.step(decodings)
    steps.add(1, ordering: .relaxed)
    advanced.add(decodings.count, ordering: .relaxed)
    let share = (clock.now - begin) / .seconds(1) / Double(live.count)
    for task in live { task.seconds += share }
    leave(&live, &decodings) { task, index in
      if let failure = failures.first(where: { $0.index == index }) { return .failure(failure.error) }
      return task.decoding.sequences.isEmpty ? .success(task.seconds) : nil
    }
  }

  /// Takes out those that have an outcome.
  private func leave(
    _ live: inout [Live], _ decodings: inout [any SteppedDecoding],
    outcome: (_ live: Live, _ index: Int) -> Swift.Result<Double, any Error>?
  ) {
    for index in live.indices.reversed() {
      guard let outcome = outcome(live[index], index) else { continue }
      decodings.remove(at: index)
      live.remove(at: index).outcome.finish(outcome)
    }
  }
}
