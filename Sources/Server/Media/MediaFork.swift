// A fork that decodes one file and ends.

#if Server
import CSandbox
import Foundation
import Swiftlet

enum MediaFork {
  /// Descriptors that a fork has; 2 stays what it is.
  private static let (input, output, status): (Int32, Int32, Int32) = (0, 1, 3)
  /// Samples that are decoded at once.
  private static let (pieceLength, livePieceLength) = (16_000, 1_600)
  /// Samples after which the server is told how many there are.
  private static let reportInterval = 8 * 16_000

  nonisolated(unsafe) private static var addressSpace: UInt64 = 0

  /// Does once what every fork would have to do again, and finds out what can't be seen from inside the sandbox.
  static func prepare() {
    addressSpace = swiftlet_address_space()
    let reader = try? AudioReader(.data(Data(silentWave), name: "silence.wav"))
    _ = try? reader?.read(upTo: pieceLength)
    _ = MediaStatus.opened(channels: 1, duration: 1).line
    _ = MediaStatus.finished(samples: 1, notices: [""]).line
  }

  /// Eight samples.
  private static var silentWave: [UInt8] {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    return Array("RIFF".utf8) + little(36 + 16, 4) + Array("WAVEfmt ".utf8) + little(16, 4) + little(1, 2)
      + little(1, 2)
      + little(16_000, 4) + little(32_000, 4) + little(2, 2) + little(16, 2) + Array("data".utf8)
      + little(16, 4)
      + [UInt8](repeating: 0, count: 16)
  }

  /// Limits this process. Where it has to write, to as many bytes as the longest sound has.
  static func limit(_ limits: MediaLimits) -> Int32 {
    // A piece more, so that the end of what is allowed is noticed here.
    let samples = UInt64(limits.samples + 2 * pieceLength)
    var values = swiftlet_limits(
      cpu_seconds: UInt64(max(1, limits.processorTime)),
      address_space: addressSpace + UInt64(max(0, limits.memory)),
      file_size: samples * 4 * UInt64(max(1, limits.channels)), descriptors: UInt64(status + 1))
    return swiftlet_limit(&values)
  }

  /// Carries out an order in this process, with descriptors of its own, and ends it.
  static func run(_ order: MediaOrder, input: Int32, output: Int32, status: Int32) -> Never {
    take(input, output, status)
    switch order {
    case .cancel: break
    case .attempt(let name, let limits, _):
      confine(limits)
      report(.attempted(swiftlet_attempt(name)))
    case .decode(let decoding, _):
      confine(decoding.limits)
      decode(decoding)
    }
    _exit(0)
  }

  private static func take(_ descriptors: Int32...) {
    // Out of the way of the numbers that they are to have.
    let copies = descriptors.map { fcntl($0, F_DUPFD, 16) }
    for (copy, number) in zip(copies, [input, output, status]) { dup2(copy, number) }
    swiftlet_close_from(status + 1)
  }

  private static func confine(_ limits: MediaLimits) {
    guard limit(limits) == 0 else { _exit(EX_OSERR) }
    // The server knows where there is none, and has decided that it does without.
    _ = swiftlet_filter()
  }

  private static func decode(_ order: MediaOrder.Decoding) {
    var samples = 0
    var notices: [String] { reader?.notices ?? [] }
    var reader: AudioReader?
    do {
      let opened = try AudioReader(order.audio(of: input), language: order.language)
      reader = opened
      guard opened.channelCount <= order.limits.channels else {
        throw SwiftletError(
          .unreadableAudio,
          "\(order.name) has \(opened.channelCount) channels, and \(order.limits.channels) are allowed; mix them, or choose one."
        )
      }
      report(.opened(channels: opened.channelCount, duration: opened.duration))
      let length = order.isLive ? livePieceLength : pieceLength
      var reported = 0
      while case let piece = try opened.read(upTo: length), !piece[0].isEmpty {
        let count = min(piece[0].count, order.limits.samples - samples)
        try write(interleaved(piece, count))
        samples += count
        guard count == piece[0].count else { return report(.tooLong(samples: samples)) }
        if order.isLive || reported == 0 || samples - reported >= reportInterval {
          report(.written(samples: samples))
          reported = samples
        }
      }
      report(.finished(samples: samples, notices: notices))
    } catch let error as SwiftletError {
      report(.failed(code: error.code.rawValue, message: error.message, samples: samples, notices: notices))
    } catch {
      report(
        .failed(
          code: SwiftletError.Code.other.rawValue, message: "\(error)", samples: samples, notices: notices))
    }
  }

  private static func interleaved(_ channels: [[Float]], _ count: Int) -> [Float] {
    guard channels.count > 1 else {
      return count == channels[0].count ? channels[0] : Array(channels[0][..<count])
    }
    return [Float](unsafeUninitializedCapacity: count * channels.count) { buffer, filled in
      for (index, channel) in channels.enumerated() {
        for sample in 0..<count { buffer[sample * channels.count + index] = channel[sample] }
      }
      filled = count * channels.count
    }
  }

  private static func write(_ samples: [Float]) throws {
    try samples.withUnsafeBytes { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = Foundation.write(output, rest.baseAddress, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else {
          throw SwiftletError(
            .fileNotWritten, "The decoded audio can't be stored: \(String(cString: strerror(errno))).")
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
  }

  private static func report(_ status: MediaStatus) {
    var rest = status.line[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(Self.status, $0.baseAddress, $0.count) }
      if written < 0, errno == EINTR { continue }
      // Nobody wants to know any more.
      guard written > 0 else { _exit(0) }
      rest = rest.dropFirst(written)
    }
  }
}

extension MediaOrder.Decoding {
  func audio(of descriptor: Int32) -> AudioInput {
    .descriptor(descriptor, name: name, track: track, channels: AudioInput.Channels(channels) ?? .mix)
  }
}
#endif
