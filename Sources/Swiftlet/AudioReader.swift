// An input's sound as samples, for a thread that may wait for it.

import SwiftletAudio

/// Decodes an input on the thread that asks, to samples at 16 kHz.
///
/// ```swift
/// let reader = try AudioReader(.file(url))
/// while case let piece = try reader.read(upTo: 16_000), !piece[0].isEmpty { print(piece[0].count) }
/// ```
///
/// The samples are those that a ``Transcriber`` transcribes: on the clock of the container, with silence where sound is missing.
/// Memory does not grow with the recording. Reading blocks; ``AudioInput/decoded(language:notice:)`` does not.
public final class AudioReader {
  /// Samples a second of each channel.
  public static let sampleRate = AudioDecoder.sampleRate

  private let source: any ChannelSource

  /// Opens an input and finds its sound.
  ///
  /// - Parameters:
  ///   - input: what to decode. ``AudioInput/Channels-swift.enum/separate`` gives every channel, everything else one.
  ///   - language: as ``TranscriptionOptions/language``: whose track is used rather than the default one.
  ///   - isCancelled: asked while the input is read; reading then ends with `CancellationError`.
  /// - Throws: ``SwiftletError`` for an input that can't be read or has no such track or channel.
  public init(
    _ input: AudioInput, language: String? = nil, isCancelled: @escaping () -> Bool = { false }
  ) throws {
    source = try throwingPublicErrors {
      try input.check()
      return try input.open(language: language, isCancelled: isCancelled)
    }
  }

  /// How many channels ``read(upTo:)`` gives.
  public var channelCount: Int { source.channelCount }

  /// Seconds of sound that the input declares, for progress; nil if it does not say.
  public var duration: Double? { source.report.duration }

  /// What a listener should know of the sound so far; see ``TranscriptionProgress/notices``.
  public var notices: [String] { source.report.notices }

  /// The next samples.
  ///
  /// - Parameter count: how many of each channel at most.
  /// - Returns: the samples of each channel, all of the same length: fewer than `count` at the end, and none after it.
  /// - Throws: ``SwiftletError`` if the sound is damaged or ends early, after everything that could be decoded;
  ///   `CancellationError`.
  public func read(upTo count: Int) throws -> [[Float]] {
    try throwingPublicErrors { try source.readChannels(upTo: count) }
  }
}
