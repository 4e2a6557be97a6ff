// Which of a recording's sound is meant.

import SwiftletAudio
import SwiftletText

/// The audio track of a recording and its channels.
public struct AudioSelection: Hashable, Codable, Sendable {
  /// What becomes of a track's channels.
  public enum Channels: Hashable, Codable, Sendable {
    /// All of them are mixed to one.
    case mix
    /// Each is transcribed by itself, and the segments of all come in the order of their times; see ``Segment/channel``.
    case separate
    /// One of them, counted from 1.
    case one(Int)
  }

  /// The number of an audio track, from 1 on; nil takes one that is tagged with the language that was given, or the default
  /// one.
  public var track: Int?
  /// What becomes of its channels.
  public var channels: Channels

  /// A selection; by default all channels of the default track, mixed.
  public init(track: Int? = nil, channels: Channels = .mix) {
    self.track = track
    self.channels = channels
  }

  /// - Throws: ``InvalidRequest`` for a number below 1.
  func check() throws(InvalidRequest) {
    if let track, track < 1 {
      throw InvalidRequest(description: "Audio tracks are counted from 1; there is no track \(track).")
    }
    if case .one(let channel) = channels, channel < 1 {
      throw InvalidRequest(description: "Channels are counted from 1; there is no channel \(channel).")
    }
  }

  /// - Parameter language: whose track is taken rather than the default one.
  func sound(language: String? = nil) -> SoundSelection {
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

extension AudioSelection.Channels {
  /// `mix`, `separate`, or the number of a channel.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Int.self) {
      self = .one(number)
      return
    }
    switch try container.decode(String.self) {
    case "mix": self = .mix
    case "separate": self = .separate
    case let other:
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "\(other.debugDescription) is not mix, separate, or the number of a channel.")
    }
  }

  /// Writes `mix`, `separate`, or the number of a channel.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .mix: try container.encode("mix")
    case .separate: try container.encode("separate")
    case .one(let number): try container.encode(number)
    }
  }
}

/// Keeps FFmpeg from writing to standard error, for the whole process: a program may decide that.
package func silenceFFmpeg() { FFmpegMessages.silence() }
