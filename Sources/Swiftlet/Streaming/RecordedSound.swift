// Files and pipes as sound that comes piece by piece.

import Dispatch
import Foundation
import SwiftletAudio

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
  private let isPaced: Bool

  /// The sound at `path`; what is wrong with it is told when it is read.
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - format: of samples without a container, one channel; nil if there is a container.
  ///   - rate: samples a second, where there is no container.
  ///   - paced: whether a piece comes no sooner than a microphone would give it.
  public init(path: String, format: SampleFormat? = nil, rate: Int = 16_000, paced: Bool = false) {
    self.path = path
    raw = format.map { RawSound(sampleFormat: $0.rawValue, rate: rate) }
    isPaced = paced
  }

  /// Begins to read; each iterator reads from the start, standard input from where it is.
  public func makeAsyncIterator() -> Iterator { Iterator(self) }

  /// Reads ahead by a second. `next` throws what is wrong with the file, after all that could be read.
  public struct Iterator: AsyncIteratorProtocol {
    private var pieces: AsyncThrowingStream<[Float], any Error>.Iterator
    private let room = DispatchSemaphore(value: 10)

    fileprivate init(_ sound: RecordedSound) {
      let room = room
      let stream = AsyncThrowingStream<[Float], any Error> { continuation in
        let stop = StopFlag()
        continuation.onTermination = { _ in
          stop.set()
          room.signal()
        }
        // Reading a pipe can block for as long as its other end likes.
        Thread.detachNewThread {
          continuation.finish(
            throwing: Result { try sound.read(room, stop) { continuation.yield($0) } }.failure)
        }
      }
      pieces = stream.makeAsyncIterator()
    }

    /// The next piece, 1600 samples or, at the end, fewer; nil after the last.
    public mutating func next() async throws -> [Float]? {
      defer { room.signal() }
      return try await pieces.next()
    }
  }

  private func read(_ room: DispatchSemaphore, _ stop: StopFlag, deliver: ([Float]) -> Void) throws {
    let decoder = try AudioDecoder(path: path, raw: raw)
    let begin = ContinuousClock().now
    var count = 0
    while !stop.isSet {
      let piece = try decoder.read(upTo: AudioDecoder.sampleRate / 10)
      if piece.isEmpty { return }
      count += piece.count
      if isPaced {
        let due = begin + .seconds(Double(count) / Double(AudioDecoder.sampleRate))
        Thread.sleep(forTimeInterval: Swift.max(0, (due - ContinuousClock().now) / .seconds(1)))
      }
      deliver(piece)
      room.wait()
    }
  }
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
