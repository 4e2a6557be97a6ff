// Recordings to sound.

#if Server
import Foundation
import Swiftlet

/// Opens the recordings that clients send, in the sandbox.
struct MediaOpener: Sendable {
  let decoder: MediaDecoder
  /// Seconds of sound that a recording may have.
  let durationLimit: Double

  /// - Parameter name: what messages call it.
  /// - Throws: `SwiftletError` if it can't be decoded.
  func open(
    _ file: URL, name: String, track: Int?, channels: AudioInput.Channels, language: String?
  ) async throws -> DecodedMedia {
    try await decoder.decode(
      MediaRequest(
        .file(path: file.path(percentEncoded: false)), name: name, track: track, channels: channels,
        language: language,
        // Decoding takes a thousandth of a recording's time; what takes a hundredth of it is meant to take long.
        limits: MediaLimits(duration: durationLimit, processorTime: 60 + Int(durationLimit / 100))))
  }
}
#endif
