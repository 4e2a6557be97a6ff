// Any file that FFmpeg reads, as 16 kHz mono, piece by piece.

import CFFmpeg
import Foundation
import SwiftletFiles

/// Decodes the best sound stream of a file, or of standard input, to 16 kHz mono fp32 in [-1, 1].
///
/// Memory does not grow with the length of the recording. Not for several tasks at once.
package final class AudioDecoder {
  /// Samples a second of what ``read(upTo:)`` gives: the rate Whisper was trained at.
  package static let sampleRate = 16_000

  /// The file's path, or `standard input`, for messages.
  package let name: String
  /// Seconds of sound that the file declares; nil where it does not say, and on standard input.
  package let duration: Double?

  private let source: MediaSource
  private let resampler: Resampler
  private var ready: [Float] = []
  private var delivered = 0
  private var ended = false
  /// What ended the decoding early, thrown when all before it has been delivered.
  private var failure: AudioError?

  /// Opens a recording and the decoder for its sound.
  ///
  /// - Parameters:
  ///   - path: a file, or `-` for standard input.
  ///   - raw: what its samples are if there is nothing else in it.
  package init(path: String, raw: RawSound? = nil) throws(AudioError) {
    name = path == "-" ? "standard input" : path.displayedPath
    if path != "-" { try Self.check(path, name: name) }
    source = try MediaSource(path: path, name: name, raw: raw)
    resampler = Resampler(name: name, rate: Self.sampleRate)
    duration = source.duration
  }

  /// At most `count` samples, fewer at the end of the sound, and none after it.
  ///
  /// - Throws: `truncated`, `unlikelyRate` or `decodingFailed`, once everything that could be decoded was delivered.
  package func read(upTo count: Int) throws(AudioError) -> [Float] {
    while ready.count < count, !ended {
      do throws(AudioError) {
        guard let frame = try source.nextFrame() else {
          ended = true
          try resampler.flush(into: &ready)
          break
        }
        try resampler.convert(frame, into: &ready)
      } catch {
        ended = true
        failure = error
      }
    }
    var taken: [Float] = []
    if ready.count <= count {
      swap(&taken, &ready)
    } else {
      taken = Array(ready.prefix(count))
      ready.removeFirst(count)
    }
    delivered += taken.count
    if taken.isEmpty && count > 0 { try checkEnd() }
    return taken
  }

  /// Half a second is more than any encoder's delay or padding, and more than the rounding of a container's clock.
  private static let tolerance = 0.5

  private func checkEnd() throws(AudioError) {
    if let failure { throw failure }
    let seconds = Double(delivered) / Double(Self.sampleRate)
    if delivered == 0, source.isPipe, source.brokeOff, source.formatName.hasPrefix("mov") {
      throw .indexAtEnd(file: name)
    }
    if let reason = source.failure, delivered == 0 { throw .decodingFailed(file: name, reason: reason) }
    if let declared = source.declaredEnd, declared - seconds > max(Self.tolerance, declared * 0.01) {
      throw .truncated(file: name, seconds: seconds, declared: declared)
    }
    if source.brokeOff { throw .truncated(file: name, seconds: seconds, declared: nil) }
  }

  /// What the file system knows, said more clearly than FFmpeg would.
  private static func check(_ path: String, name: String) throws(AudioError) {
    let (kind, size): (SystemFiles.Kind, Int)
    do {
      (kind, size) = try SystemFiles.status(of: path)
    } catch {
      throw error.code == EACCES ? .permissionDenied(file: name) : .notFound(file: name)
    }
    if kind == .folder { throw .isDirectory(file: name) }
    guard SystemFiles.isReadable(path) else { throw .permissionDenied(file: name) }
    if kind == .regular, size == 0 { throw .empty(file: name) }
  }
}

/// Samples of one channel without a container that says so.
package struct RawSound: Hashable, Sendable {
  /// FFmpeg's name of it: `s16le`, `f32le`.
  package var sampleFormat: String
  /// Samples a second.
  package var rate: Int

  package init(sampleFormat: String, rate: Int) {
    self.sampleFormat = sampleFormat
    self.rate = rate
  }
}
