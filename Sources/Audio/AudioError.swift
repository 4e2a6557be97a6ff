// What can go wrong when a recording is read.

/// Why a recording could not be read, or not to its end; every case names the file.
package enum AudioError: Error, Hashable, Sendable {
  case notFound(file: String)
  case isDirectory(file: String)
  case permissionDenied(file: String)
  case empty(file: String)
  /// FFmpeg recognises no format in it, or the format's header is broken.
  case notAudio(file: String, reason: String)
  /// A list of other files, which could lie anywhere.
  case playlist(file: String, format: String)
  case noSoundStream(file: String)
  case unsupportedCodec(file: String, codec: String)
  /// An MP4 that comes through a pipe, but whose sound can't be found before its end has been read.
  case indexAtEnd(file: String)
  /// Far from the rate of any recording, so the header is damaged; believing it would make hours of sound of a few bytes,
  /// or a filter of a gigabyte.
  case unlikelyRate(file: String, rate: Int)
  /// The file ends before the sound does; all that is there has been delivered.
  case truncated(file: String, seconds: Double, declared: Double?)
  case decodingFailed(file: String, reason: String)
}

extension AudioError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notFound(let file): "\(file): there is no such file."
    case .isDirectory(let file): "\(file) is a directory; name the recordings in it."
    case .permissionDenied(let file): "\(file) may not be read; change its permissions."
    case .empty(let file): "\(file) is empty."
    case .notAudio(let file, let reason): "\(file) is not a sound or video file that FFmpeg reads: \(reason)."
    case .playlist(let file, let format):
      "\(file) is a playlist (\(format)), not a recording; name the recordings in it."
    case .noSoundStream(let file): "\(file) has no sound in it, only other streams."
    case .unsupportedCodec(let file, let codec):
      "\(file): this build of FFmpeg's libraries has no decoder for \(codec); convert the file, to FLAC for example."
    case .indexAtEnd(let file):
      "\(file) is an MP4 or M4A with its index at the end, which can't be read from a pipe; name the file instead, or "
        + "redirect it (swiftlet transcribe - < FILE)."
    case .unlikelyRate(let file, let rate):
      "\(file) says that its sound has \(rate) samples a second, so it is probably damaged; "
        + "\(Resampler.rates.lowerBound) to \(Resampler.rates.upperBound) can be read."
    case .truncated(let file, let seconds, let declared):
      "\(file) is cut short: it ends after \(text(seconds)) s"
        + (declared.map { ", but says that it lasts \(text($0)) s" } ?? " in the middle of its data")
        + ". What there is was used."
    case .decodingFailed(let file, let reason): "\(file) could not be decoded: \(reason)."
    }
  }
}

private func text(_ seconds: Double) -> String { "\((seconds * 100).rounded() / 100)" }
