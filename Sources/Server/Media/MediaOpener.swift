// Recordings to sound.

#if Server
import Foundation
import Swiftlet

/// Opens the recordings that clients send.
protocol MediaOpener: Sendable {
  /// - Throws: ``APIError`` or `SwiftletError` if it can't be decoded.
  func open(
    _ file: URL, track: Int?, channels: AudioInput.Channels, language: String?
  ) async throws -> OpenedMedia
}

/// A recording whose sound can be transcribed.
struct OpenedMedia: Sendable {
  var input: AudioInput
  /// Seconds, as its header has them; nil if that is not known.
  var duration: Double?
  /// Finds out, at the end, whether all of it was decoded.
  var check: @Sendable () async throws -> Void = {}
  /// Gives back what it takes.
  var close: @Sendable () async -> Void = {}
}

/// Opens recordings in this process.
struct DirectMediaOpener: MediaOpener {
  func open(
    _ file: URL, track: Int?, channels: AudioInput.Channels, language: String?
  ) async throws -> OpenedMedia {
    OpenedMedia(input: .file(file, track: track, channels: channels))
  }
}
#endif
