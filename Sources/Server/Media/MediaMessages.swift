// What the server and the process that decodes media tell each other.

#if Server
import Foundation
import Swiftlet

/// What the decoding of a file may cost.
struct MediaLimits: Hashable, Codable, Sendable {
  /// Seconds of sound.
  var duration = 4 * 3_600.0
  /// Seconds of processor time.
  var processorTime = 300
  /// Bytes of memory besides what an idle process has.
  var memory = 1 << 30
  /// Channels that are decoded one by one.
  var channels = 16

  init() {}

  init(duration: Double = 4 * 3_600, processorTime: Int = 300, memory: Int = 1 << 30, channels: Int = 16) {
    self.duration = duration
    self.processorTime = processorTime
    self.memory = memory
    self.channels = channels
  }

  /// Samples of a channel.
  var samples: Int { Int(min(max(0, duration), 1e9) * Double(AudioReader.sampleRate)) }
}

/// From the server. Descriptors go with an order: what is read, what is written, and the socket that tells of it.
enum MediaOrder: Codable, Sendable {
  struct Decoding: Codable, Sendable {
    /// What messages call the file.
    var name: String
    var track: Int?
    /// As the field `channels` of a request: `mix`, `separate`, or a number.
    var channels: String
    var language: String?
    /// Whether the sound is wanted as it comes: small pieces.
    var isLive: Bool
    var limits: MediaLimits

    init(_ request: MediaRequest) {
      name = request.name
      track = request.track
      language = request.language
      limits = request.limits
      channels = request.channels.description
      isLive = if case .feed = request.source { true } else { false }
    }
  }

  case decode(Decoding, number: Int)
  /// Tries something that the sandbox prevents, one of `swiftlet_attempt`'s names.
  case attempt(String, limits: MediaLimits, number: Int)
  case cancel(number: Int)
}

/// To the server, as lines of JSON: about one decoding over its own socket.
enum MediaStatus: Codable, Sendable {
  /// The sound was found.
  case opened(channels: Int, duration: Double?)
  /// Samples of each channel that are written.
  case written(samples: Int)
  case finished(samples: Int, notices: [String])
  /// A ``SwiftletError``, after what could be decoded.
  case failed(code: String, message: String, samples: Int, notices: [String])
  /// More sound than was allowed; that much is written.
  case tooLong(samples: Int)
  /// What an attempt gave: an error number, or 0.
  case attempted(Int32)
  /// From the process that forks, at last: how the fork ended.
  case ended(signal: Int32, code: Int32, processorTime: Double, memory: Int)
}

/// The first message of the process that forks: what stands between the decoder and the machine.
struct MediaGreeting: Codable, Sendable {
  var layers: Set<SandboxLayer>
}

/// What keeps a decoder that was taken over from doing harm.
enum SandboxLayer: String, Codable, Sendable, CaseIterable {
  /// Bounded processor time, memory, output and open files.
  case limits
  /// A filter of system calls: only computing, and reading and writing what is open.
  case filter
  /// No network but an empty one.
  case network
  /// No files but those that are open.
  case root
  /// No privileges of the superuser.
  case user
}
#endif
