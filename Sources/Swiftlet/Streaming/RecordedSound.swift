// Files and pipes as sound that comes piece by piece.

import Dispatch
import Foundation
import SwiftletAudio
import Synchronization

/// The sound of a file or of standard input, 16 kHz mono, in pieces of a tenth of a second, as it can be read.
public struct RecordedSound: AsyncSequence, Sendable {
  /// Samples without a container.
  public enum SampleFormat: String, Codable, Sendable, CaseIterable {
    /// 16-bit integers, the lower byte first.
    case s16le
    /// 32-bit floating point, the lower byte first.
    case f32le
  }

  private let path: String
  private let raw: RawSound?
  private let audio: AudioSelection
  private let isPaced: Bool
  private let reports = SoundReports()

  /// What a listener should know of the sound that was read so far, as in ``TranscriptionProgress/notices``: by the iterator
  /// that began to read last.
  public var notices: [String] { reports.notices }

  /// The sound at `path`; what is wrong with it is told when it is read.
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - format: of samples without a container, one channel; nil if there is a container.
  ///   - rate: samples a second, where there is no container.
  ///   - audio: which of its tracks and channels; not separate channels.
  ///   - paced: whether a piece comes no sooner than a microphone would give it.
  public init(
    path: String, format: SampleFormat? = nil, rate: Int = 16_000, audio: AudioSelection = AudioSelection(),
    paced: Bool = false
  ) {
    self.path = path
    self.audio = audio
    raw = format.map { RawSound(sampleFormat: $0.rawValue, rate: rate) }
    isPaced = paced
  }

  /// Begins to read; each iterator reads from the start, standard input from where it is.
  public func makeAsyncIterator() -> Iterator { Iterator(self) }

  /// Reads a piece when it is asked for one. `next` throws what is wrong with the file, after all that could be read, and
  /// `CancellationError` as soon as its task is cancelled.
  public struct Iterator: AsyncIteratorProtocol {
    private let reader: SoundReader

    fileprivate init(_ sound: RecordedSound) {
      reader = SoundReader(isPaced: sound.isPaced) {
        [path = sound.path, raw = sound.raw, audio = sound.audio, reports = sound.reports] isCancelled in
        try audio.check()
        guard audio.channels != .separate else {
          throw InvalidRequest(
            description: "A stream is of one channel, or of all of them mixed; give the number of a channel.")
        }
        let decoder = try AudioDecoder(
          path: path, raw: raw, selection: audio.sound(), isCancelled: isCancelled)
        reports.set(decoder.report)
        return decoder
      }
    }

    /// The next piece, 1600 samples or, at the end, fewer; nil after the last.
    public mutating func next() async throws -> [Float]? { try await reader.next() }
  }
}

/// What is known of the file that an iterator reads, for whoever has the sound.
private final class SoundReports: Sendable {
  private let latest = Mutex<SoundReport?>(nil)

  var notices: [String] { latest.withLock { $0 }?.notices ?? [] }

  func set(_ report: SoundReport) { latest.withLock { $0 = report } }
}

/// Reads on a thread of its own: a pipe can block for as long as its other end likes.
private final class SoundReader: @unchecked Sendable {
  /// Where all of the reading is done; what follows is touched there alone.
  private let queue = DispatchQueue(label: "swiftlet.sound", qos: .userInitiated)
  private let open: (_ isCancelled: @escaping () -> Bool) throws -> AudioDecoder
  /// Raised when nobody reads any more: a pipe that gives nothing must not keep the thread.
  private let stop = StopFlag()
  private var decoder: AudioDecoder?
  private let isPaced: Bool
  private var begin: ContinuousClock.Instant?
  private var count = 0

  init(isPaced: Bool, open: @escaping (_ isCancelled: @escaping () -> Bool) throws -> AudioDecoder) {
    self.isPaced = isPaced
    self.open = open
  }

  func next() async throws -> [Float]? {
    let answer = Answer()
    return try await withTaskCancellationHandler {
      try await answer.value {
        queue.async {
          if !answer.isGiven { answer.give(Result { try self.read() }) }
        }
      }
    } onCancel: {
      stop.set()
      answer.give(.failure(CancellationError()))
    }
  }

  private func read() throws -> [Float]? {
    let decoder = try self.decoder ?? open { [stop] in stop.isSet }
    self.decoder = decoder
    let begin = self.begin ?? ContinuousClock().now
    self.begin = begin
    let piece = try decoder.read(upTo: AudioDecoder.sampleRate / 10)
    if piece.isEmpty { return nil }
    count += piece.count
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
    var result: Result<[Float]?, any Error>?
  }

  private let state = Mutex(State())

  var isGiven: Bool { state.withLock { $0.result != nil } }

  /// The answer, once there is one. `begin` is called when it can be given.
  func value(begin: () -> Void) async throws -> [Float]? {
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
  func give(_ result: Result<[Float]?, any Error>) {
    let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard state.result == nil else { return nil }
      state.result = result
      return state.waiting.take()
    }
    waiting?.resume()
  }
}
