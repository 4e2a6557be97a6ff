// What is transcribed: a file, samples, a file in memory, standard input, or live sound.

public import Foundation
import SwiftletAudio
import SwiftletFiles
import SwiftletText

/// A source of audio, and which of its tracks and channels to use.
///
/// ```swift
/// try await transcriber.transcribe(.file(URL(filePath: "talk.flac")))
/// try await transcriber.transcribe(.samples(samples, sampleRate: 44_100))
/// try await transcriber.transcribe(.file(call, channels: .separate))
/// ```
public struct AudioInput: Sendable {
  /// What becomes of a track's channels.
  public enum Channels: Hashable, Sendable {
    /// Mix all of them to one.
    case mix
    /// Transcribe each by itself; the segments of all come in the order of their times. See ``Segment/channel``.
    case separate
    /// Use one of them, counted from 1.
    case one(Int)
  }

  /// Samples without a container: one channel, the lower byte first.
  public enum SampleFormat: String, Hashable, Codable, Sendable, CaseIterable {
    /// 16-bit integers.
    case s16le
    /// 32-bit floating point.
    case f32le
  }

  enum Source: Sendable {
    case media(MediaLocation)
    /// Not a file; refused.
    case remote(URL)
    case samples([Float], rate: Int)
    case live(rate: Int, channels: Int, @Sendable () -> LivePieces)
  }

  let source: Source
  /// The number of an audio track, counted from 1. Nil uses the track tagged with ``TranscriptionOptions/language``, or else the
  /// file's default track.
  public var track: Int?
  /// Which channels of the track to use.
  public var channels: Channels
  /// What a file, data or standard input holds if it has no container; nil if it has one.
  public var sampleFormat: SampleFormat?
  /// With ``sampleFormat``, samples a second.
  public var sampleRate = 16_000

  init(_ source: Source, track: Int? = nil, channels: Channels = .mix) {
    self.source = source
    self.track = track
    self.channels = channels
  }

  /// Audio or video in any format that FFmpeg reads; without the package trait `FFmpeg`, an uncompressed WAV file.
  ///
  /// - Parameters:
  ///   - url: a file URL. It is opened when the work begins.
  ///   - track: as ``track``.
  ///   - channels: as ``channels-swift.property``.
  public static func file(_ url: URL, track: Int? = nil, channels: Channels = .mix) -> AudioInput {
    guard url.isFileURL else { return AudioInput(.remote(url), track: track, channels: channels) }
    return AudioInput(.media(.file(path: url.path(percentEncoded: false))), track: track, channels: channels)
  }

  /// The same for a file whose name need not be text.
  ///
  /// - Parameters:
  ///   - pathBytes: the path as the system has it, without a zero byte at its end.
  ///   - track: as ``track``.
  ///   - channels: as ``channels-swift.property``.
  public static func file(
    pathBytes: some Sequence<UInt8>, track: Int? = nil, channels: Channels = .mix
  ) -> AudioInput {
    file(path: String(pathBytes: pathBytes), track: track, channels: channels)
  }

  /// The file at a path that need not be text; see ``Swift/String/init(pathBytes:)``.
  package static func file(path: String, track: Int? = nil, channels: Channels = .mix) -> AudioInput {
    AudioInput(.media(.file(path: path)), track: track, channels: channels)
  }

  /// A media file in memory.
  ///
  /// - Parameters:
  ///   - data: the whole file.
  ///   - name: stands for it in messages; its extension may help to recognize the format.
  ///   - track: as ``track``.
  ///   - channels: as ``channels-swift.property``.
  public static func data(
    _ data: Data, name: String = "the data", track: Int? = nil, channels: Channels = .mix
  ) -> AudioInput {
    AudioInput(.media(.memory(data, name: name)), track: track, channels: channels)
  }

  /// A media file, or a pipe, that is open already.
  ///
  /// - Parameters:
  ///   - descriptor: a file is read from where it is, a pipe as it comes. It stays open, and must do so until the work ends.
  ///   - name: stands for it in messages; its extension may help to recognize the format.
  ///   - track: as ``track``.
  ///   - channels: as ``channels-swift.property``.
  public static func descriptor(
    _ descriptor: Int32, name: String, track: Int? = nil, channels: Channels = .mix
  ) -> AudioInput {
    AudioInput(.media(.descriptor(descriptor, name: name)), track: track, channels: channels)
  }

  /// Audio or video that comes through standard input.
  public static let standardInput = AudioInput(.media(.standardInput))

  /// Samples of one channel.
  ///
  /// - Parameters:
  ///   - samples: in [-1, 1].
  ///   - sampleRate: samples a second, 1,000 to 1,536,000; other rates than 16,000 are converted.
  public static func samples(_ samples: [Float], sampleRate: Int = 16_000) -> AudioInput {
    AudioInput(.samples(samples, rate: sampleRate))
  }

  /// Sound that comes while it is transcribed.
  ///
  /// - Parameters:
  ///   - sound: pieces of any size of one channel, in [-1, 1]. It is read ahead by half a minute of sound at most, and its iterator
  ///     is released when the work ends. A ``SwiftletError`` that it throws ends the work as it is.
  ///   - sampleRate: samples a second, 1,000 to 1,536,000; other rates than 16,000 are converted.
  public static func live<Sound: AsyncSequence & Sendable>(
    _ sound: Sound, sampleRate: Int = 16_000
  ) -> AudioInput where Sound.Element == [Float] {
    live(sound.map { [$0] }, sampleRate: sampleRate, channelCount: 1)
  }

  /// Sound of several channels that comes while it is transcribed.
  ///
  /// ```swift
  /// let sound = AudioInput.file(call, channels: .separate).decoded()
  /// try await transcriber.transcribe(.live(sound, channelCount: 2, channels: .separate))
  /// ```
  ///
  /// - Parameters:
  ///   - sound: as for one channel, but each piece is the samples of every channel, all of the same length.
  ///   - sampleRate: samples a second, 1,000 to 1,536,000; other rates than 16,000 are converted.
  ///   - channelCount: how many channels a piece has, 1 to 255.
  ///   - channels: as ``channels-swift.property``.
  public static func live<Sound: AsyncSequence & Sendable>(
    _ sound: Sound, sampleRate: Int = 16_000, channelCount: Int, channels: Channels = .mix
  ) -> AudioInput where Sound.Element == [[Float]] {
    AudioInput(
      .live(rate: sampleRate, channels: channelCount) {
        LivePieces(of: sound, capacity: 30 * max(1, sampleRate))
      }, channels: channels)
  }
}

extension AudioInput.Channels: LosslessStringConvertible {
  /// `mix`, `separate`, or the number of a channel.
  public init?(_ description: String) {
    switch description {
    case "mix": self = .mix
    case "separate": self = .separate
    default:
      guard let number = Int(description), number > 0 else { return nil }
      self = .one(number)
    }
  }

  /// `mix`, `separate`, or the number of a channel.
  public var description: String {
    switch self {
    case .mix: "mix"
    case .separate: "separate"
    case .one(let number): "\(number)"
    }
  }
}

extension AudioInput {
  /// The name of the source, for messages.
  var name: String {
    switch source {
    case .media(let location): location.name
    case .remote(let url): url.absoluteString
    case .samples: "the samples"
    case .live: "the live sound"
    }
  }

  /// - Throws: ``SwiftletError/Code/invalidOptions`` for numbers out of range, and tracks and channels where there are none.
  func check() throws(SwiftletError) {
    if let track, track < 1 {
      throw .invalid("Audio tracks are counted from 1; there is no track \(track).", subject: "track")
    }
    if case .one(let channel) = channels, channel < 1 {
      throw .invalid("Channels are counted from 1; there is no channel \(channel).", subject: "channels")
    }
    switch source {
    case .remote(let url): throw .invalid("\(url) is not a file; download it first.", subject: "\(url)")
    case .media:
      guard sampleFormat != nil else { return }
      try Self.check(rate: sampleRate)
    case .samples(_, let rate):
      try Self.check(rate: rate)
      guard track == nil, channels == .mix, sampleFormat == nil else {
        throw .invalid(
          "Samples are one channel without tracks or a format; leave those out.", subject: "channels")
      }
    case .live(let rate, let count, _):
      try Self.check(rate: rate)
      guard SoundPieces.channelCounts.contains(count) else {
        throw .invalid(
          "Live sound can't have \(count) channels; it must have 1 to \(SoundPieces.channelCounts.upperBound).",
          subject: "channelCount")
      }
      guard track == nil, sampleFormat == nil else {
        throw .invalid("Live sound has no tracks and no format; leave those out.", subject: "track")
      }
    }
  }

  /// Refuses separate channels.
  ///
  /// - Parameter what: what is of one channel.
  func checkIsSingle(_ what: String) throws(SwiftletError) {
    guard channels != .separate else {
      throw .invalid(
        "\(what) uses one channel, or a mix of all; choose mix or the number of a channel.",
        subject: "channels")
    }
  }

  private static func check(rate: Int) throws(SwiftletError) {
    guard SoundPieces.rates.contains(rate) else {
      throw .invalid(
        "Samples at \(rate) Hz can't be converted; the rate must be \(SoundPieces.rates.lowerBound) to \(SoundPieces.rates.upperBound) Hz.",
        subject: "sampleRate")
    }
  }

  /// Opens the source; it may block.
  ///
  /// - Parameters:
  ///   - language: whose track is used rather than the default one.
  ///   - isCancelled: asked while it is read.
  func open(language: String? = nil, isCancelled: @escaping () -> Bool) throws -> any ChannelSource {
    switch source {
    case .media(let location):
      try AudioDecoder(
        location, raw: sampleFormat.map { RawSound(sampleFormat: $0.rawValue, rate: sampleRate) },
        selection: selection(language: language), isCancelled: isCancelled)
    case .samples(let samples, let rate): try SoundPieces(samples, name: name, rate: rate)
    case .live(let rate, let count, let listen):
      try SoundPieces(
        name: name, rate: rate, channels: count, selection: selection(language: nil).channels,
        next: listen().reader(name: name, isCancelled: isCancelled))
    case .remote: throw AudioError.notFound(file: name)
    }
  }

  private func selection(language: String?) -> SoundSelection {
    let code = language.flatMap { try? Language($0) }?.code
    let channels: SoundSelection.Channels =
      switch channels {
      case .mix: .mix
      case .separate: .separate
      case .one(let number): .one(number)
      }
    return SoundSelection(
      track: track, channels: channels,
      isPreferred: { tag in code.map { Language.code(ofTag: tag) == $0 } ?? false })
  }
}

/// Keeps FFmpeg from writing to standard error, for the whole process: a program may decide that.
package func silenceFFmpeg() { FFmpegMessages.silence() }
