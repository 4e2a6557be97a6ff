// Any input as sound that comes piece by piece.

import Foundation
import SwiftletAudio
import Synchronization

/// The sound of an input, 16 kHz mono, in pieces of a tenth of a second, as it can be read.
struct InputPieces: AsyncSequence, Sendable {
  let input: AudioInput
  /// Whose track is used rather than the default one.
  var language: String?
  /// Whether a piece comes no sooner than a microphone would give it.
  var isPaced = false
  /// What is known of the input, by the iterator that began to read last.
  let reports = SoundReports()

  /// Begins to read; each iterator reads from the start, standard input from where it is.
  func makeAsyncIterator() -> Iterator { Iterator(self) }

  /// Reads a piece when it is asked for one. `next` throws what is wrong with the input, after all that could be read, and
  /// `CancellationError` as soon as its task is cancelled.
  struct Iterator: AsyncIteratorProtocol {
    private let reader: SoundReader

    fileprivate init(_ sound: InputPieces) {
      reader = SoundReader(isPaced: sound.isPaced) { isCancelled in
        let source = try sound.input.open(language: sound.language, isCancelled: isCancelled)
        sound.reports.set(source.report)
        return source
      }
    }

    /// The next piece, 1600 samples or, at the end, fewer; nil after the last.
    mutating func next() async throws -> [Float]? { try await reader.next()?[0] }
  }
}

/// What is known of the input that an iterator reads.
final class SoundReports: Sendable {
  private let latest = Mutex<SoundReport?>(nil)

  var notices: [String] { latest.withLock { $0 }?.notices ?? [] }

  func set(_ report: SoundReport) { latest.withLock { $0 = report } }
}

/// Reads pieces of a tenth of a second on a thread of its own: a pipe can block for as long as its other end likes.
final class SoundReader: @unchecked Sendable {
  /// Where all of the reading is done; what follows is touched there alone.
  private let queue = BlockingThreads("swiftlet.sound", limit: 1)
  private let open: (_ isCancelled: @escaping () -> Bool) throws -> any ChannelSource
  /// Raised when nobody reads any more: a pipe that gives nothing must not keep the thread.
  private let stop = StopFlag()
  private var source: (any ChannelSource)?
  private let isPaced: Bool
  private var begin: ContinuousClock.Instant?
  private var count = 0

  init(
    isPaced: Bool = false, open: @escaping (_ isCancelled: @escaping () -> Bool) throws -> any ChannelSource
  ) {
    self.isPaced = isPaced
    self.open = open
  }

  func next() async throws -> [[Float]]? {
    let answer = Answer()
    return try await withTaskCancellationHandler {
      try await answer.value {
        queue.add {
          if !answer.isGiven { answer.give(Result { try self.read() }) }
        }
      }
    } onCancel: {
      stop.set()
      answer.give(.failure(CancellationError()))
    }
  }

  private func read() throws -> [[Float]]? {
    let source = try self.source ?? open { [stop] in stop.isSet }
    self.source = source
    let begin = self.begin ?? ContinuousClock().now
    self.begin = begin
    let piece = try source.readChannels(upTo: AudioDecoder.sampleRate / 10)
    if piece[0].isEmpty { return nil }
    count += piece[0].count
    if isPaced {
      let due = begin + .seconds(Double(count) / Double(AudioDecoder.sampleRate))
      Thread.sleep(forTimeInterval: max(0, (due - ContinuousClock().now) / .seconds(1)))
    }
    return piece
  }
}

/// What `next` waits for: a piece or the end of waiting, whichever comes first.
private final class Answer: Sendable {
  private struct State {
    var waiting: CheckedContinuation<Void, Never>?
    var result: Result<[[Float]]?, any Error>?
  }

  private let state = Mutex(State())

  var isGiven: Bool { state.withLock { $0.result != nil } }

  /// The answer, once there is one. `begin` is called when it can be given.
  func value(begin: () -> Void) async throws -> [[Float]]? {
    await withCheckedContinuation { continuation in
      let isGiven = state.withLock { state in
        if state.result == nil { state.waiting = continuation }
        return state.result != nil
      }
      if isGiven { continuation.resume() } else { begin() }
    }
    return try state.withLock(\.result)?.get()
  }

  /// The first answer counts.
  func give(_ result: Result<[[Float]]?, any Error>) {
    let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard state.result == nil else { return nil }
      state.result = result
      return state.waiting.take()
    }
    waiting?.resume()
  }
}
