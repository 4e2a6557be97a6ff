// What can go wrong when a recording is read.

import Foundation

/// Why a recording could not be read, or not to its end; every case names the file.
package enum AudioError: Error, Hashable, Sendable {
  case notFound(file: String)
  case isDirectory(file: String)
  case permissionDenied(file: String)
  /// The system refused to read it for another reason.
  case unreadable(file: String, reason: String)
  case empty(file: String)
  /// FFmpeg recognises no format in it, or the format's header is broken.
  case notAudio(file: String, reason: String)
  /// A list of other files, which could lie anywhere.
  case playlist(file: String, format: String)
  case noSoundStream(file: String)
  /// There is a header, but no sound after it.
  case noSamples(file: String)
  case noSuchTrack(file: String, track: Int, count: Int)
  case noSuchChannel(file: String, channel: Int, count: Int)
  case unsupportedCodec(file: String, codec: String)
  /// Neither a WAV file of plain samples nor, as it is built here without FFmpeg, anything else that can be read.
  case needsFFmpeg(file: String)
  /// An MP4 that comes through a pipe, but whose sound can't be found before its end has been read.
  case indexAtEnd(file: String)
  /// An MP4 without its index: its recorder did not get to the end, or it is a piece of a stream.
  case indexMissing(file: String)
  /// A piece of a WebM stream, without the header that says what is in it.
  case headerMissing(file: String)
  /// Far from the rate of any recording, so the header is damaged; believing it would make hours of sound of a few bytes,
  /// or a filter of a gigabyte.
  case unlikelyRate(file: String, rate: Int)
  /// The file ends before the sound does; all that is there has been delivered.
  case truncated(file: String, seconds: Double, declared: Double?)
  /// Sound between two moments could not be decoded; silence was delivered in its place.
  case damaged(file: String, seconds: Double, from: Double, to: Double)
  case decodingFailed(file: String, reason: String)
  /// Whoever brought live sound ended with an error.
  case failed(file: String, reason: String)
  /// Whoever brought live sound ended with an error that is passed on as it is, by its code and its message.
  case passedOn(code: String, message: String)
  /// Nobody waits for it any more.
  case cancelled(file: String)

  /// What the system's error number means.
  static func unreadable(_ number: Int32, file: String) -> AudioError {
    switch number {
    case ENOENT, ENOTDIR: .notFound(file: file)
    case EACCES, EPERM: .permissionDenied(file: file)
    case EISDIR: .isDirectory(file: file)
    default: .unreadable(file: file, reason: String(cString: strerror(number)))
    }
  }
}

extension AudioError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notFound(let file): "\(file): no such file."
    case .isDirectory(let file): "\(file) is a folder; give the recordings in it."
    case .permissionDenied(let file): "\(file) can't be read: permission denied."
    case .unreadable(let file, let reason): "\(file) can't be read: \(reason)."
    case .empty(let file): "\(file) is empty."
    case .notAudio(let file, let reason):
      "\(file) is not an audio or video file that FFmpeg can read: \(reason)."
    case .playlist(let file, let format):
      "\(file) is a playlist (\(format)), not a recording; give the recordings that it lists."
    case .noSoundStream(let file): "\(file) has no audio track."
    case .noSamples(let file): "\(file) contains a header but no audio."
    case .noSuchTrack(let file, let track, let count):
      "\(file) has \(count == 1 ? "one audio track" : "\(count) audio tracks"); there is no track \(track)."
    case .noSuchChannel(let file, let channel, let count):
      "\(file) has \(count == 1 ? "one channel" : "\(count) channels"); there is no channel \(channel)."
    case .unsupportedCodec(let file, let codec):
      "\(file): this build of FFmpeg's libraries has no decoder for \(codec); convert the file, for example to FLAC."
    case .needsFFmpeg(let file):
      "\(file) is not an uncompressed WAV file, and Swiftlet was built without FFmpeg, which other formats need; convert it to "
        + "WAV, or build with the package trait FFmpeg."
    case .indexAtEnd(let file):
      "\(file) is an MP4 with its index at the end, which can't be read from a pipe; give the file itself, or move the index "
        + "to the front (ffmpeg -i IN -c copy -movflags faststart OUT)."
    case .indexMissing(let file):
      "\(file) is an MP4 without its index: recording did not finish, or this is only a piece of it. A repair tool "
        + "such as untrunc may recover it."
    case .headerMissing(let file):
      "\(file) is a piece of a WebM recording without its header; put the first piece before it."
    case .unlikelyRate(let file, let rate):
      "\(file) claims a sample rate of \(rate) Hz and is probably damaged; Swiftlet reads \(Resampler.rates.lowerBound) to "
        + "\(Resampler.rates.upperBound) Hz."
    case .truncated(let file, let seconds, let declared):
      "\(file) is cut short: it ends after \(text(seconds)) s"
        + (declared.map { ", but its header says \(text($0)) s" } ?? " in the middle of its data")
        + ". Everything before that was used."
    case .damaged(let file, let seconds, let from, let to):
      "\(file) is damaged: \(text(seconds)) s of audio between \(text(from)) and \(text(to)) s could not be decoded and "
        + "were treated as silence."
    case .decodingFailed(let file, let reason): "\(file) could not be decoded: \(reason)."
    case .failed(let file, let reason): "\(file) ended early: \(reason)"
    case .passedOn(_, let message): message
    case .cancelled(let file): "Reading \(file) was cancelled."
    }
  }
}

/// Seconds with two decimals at most.
func text(_ seconds: Double) -> String { "\((seconds * 100).rounded() / 100)" }
