// Sound that a fork decodes, while it does and after it.

#if Server
import CSandbox
import Foundation
import Swiftlet
import Synchronization

/// A file that is decoded, and its sound as far as there is any. Releasing it, and every sequence that it gave, ends the decoding
/// and drops the sound.
final class DecodedMedia: Sendable {
  /// What is known at the end.
  struct Summary: Sendable {
    /// Seconds of sound.
    var duration: Double
    /// What a listener should know of it; see `TranscriptionProgress.notices`.
    var notices: [String]
  }

  private let state: DecodingState
  private let host: MediaHost
  private let number: Int
  private let channels: AudioInput.Channels

  /// Orders a decoding.
  ///
  /// - Parameters:
  ///   - spool: where the sound is written, and read from.
  ///   - release: called when the fork has ended.
  init(
    name: String, channels: AudioInput.Channels, input: Descriptor, spool: Descriptor, host: MediaHost,
    order: MediaOrder,
    limits: MediaLimits, release: @escaping @Sendable () -> Void
  ) throws {
    self.host = host
    self.channels = channels
    number = order.number
    var ends: [Int32] = [-1, -1]
    let failure = swiftlet_socket_pair(&ends)
    guard failure == 0 else { throw SwiftletError.decoderUnavailable(name, failure) }
    let (local, remote) = (Descriptor(ends[0]), Descriptor(ends[1]))
    state = DecodingState(name: name, spool: spool, limits: limits)
    try host.send(order, descriptors: [input.number, spool.number, remote.number])
    let number = number
    try state.follow(local, kill: { try? host.send(.cancel(number: number)) }, release: release)
  }

  deinit { cancel() }

  /// Ends the decoding; whoever waits for sound gets a `CancellationError`.
  func cancel() {
    guard state.cancel() else { return }
    try? host.send(.cancel(number: number))
  }

  /// Channels of the sound: 1 unless they are separate.
  var channelCount: Int { state.opened?.channels ?? 1 }

  /// Seconds that the file declares; nil if it does not say. It may be wrong.
  var declaredDuration: Double? { state.opened?.duration }

  /// Seconds that are decoded so far.
  var decodedDuration: Double { Double(state.available) / Double(AudioReader.sampleRate) }

  /// Waits for the end of the decoding.
  ///
  /// - Throws: what ended it early; `CancellationError`.
  var summary: Summary { get async throws { try await state.summary() } }

  /// The sound from its beginning: pieces of every channel, as they are decoded. It throws what ended the decoding early, after
  /// what could be decoded.
  var sound: Sound { Sound(media: self) }

  /// The sound for a transcriber, as if it were the file.
  var audioInput: AudioInput {
    .live(sound, channelCount: channelCount, channels: channels == .separate ? .separate : .mix)
  }

  struct Sound: AsyncSequence, Sendable {
    fileprivate let media: DecodedMedia

    func makeAsyncIterator() -> Iterator { Iterator(media: media) }

    struct Iterator: AsyncIteratorProtocol {
      fileprivate let media: DecodedMedia
      private var position = 0

      fileprivate init(media: DecodedMedia) { self.media = media }

      mutating func next() async throws -> [[Float]]? {
        let piece = try await media.state.piece(at: position)
        position += piece?.first?.count ?? 0
        return piece
      }
    }
  }

  /// - Throws: what is wrong with the file; ``DecoderLost`` if its process ended before it was opened.
  func waitUntilOpened() async throws { try await state.waitUntilOpened() }

  func attempted() async throws -> Int32 { try await state.attempted() }
}

/// What is known of a decoding, told by its fork.
private final class DecodingState: Sendable {
  fileprivate struct Known {
    typealias Ended = (signal: Int32, code: Int32, processorTime: Double, memory: Int)

    var opened: (channels: Int, duration: Double?)?
    var attempted: Int32?
    /// Samples of each channel in the spool.
    var available = 0
    /// What the fork said at last, or what is made of its silence.
    var outcome: Result<DecodedMedia.Summary, any Error>?
    /// How the fork ended.
    var ended: Ended?
    /// Whether there is nothing left of it.
    var hasEnded = false
    var isCancelled = false
    /// Counts changes.
    var version = 0
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    var lastWaiter = 0
  }

  private let known = Mutex(Known())
  private let name: String
  private let spool: Descriptor
  private let limits: MediaLimits
  /// Samples of a channel that are read at once.
  private static let pieceLength = 16_384

  init(name: String, spool: Descriptor, limits: MediaLimits) {
    self.name = name
    self.spool = spool
    self.limits = limits
  }

  // MARK: What is known

  var opened: (channels: Int, duration: Double?)? { known.withLock { $0.opened } }
  var available: Int { known.withLock { $0.available } }

  func waitUntilOpened() async throws {
    try await wait { known in
      if known.opened != nil { return () }
      if case .failure(let error) = known.outcome { throw error }
      return known.outcome == nil ? nil : ()
    }
  }

  func attempted() async throws -> Int32 {
    try await wait { known in
      guard let outcome = known.outcome else { return nil }
      if let attempted = known.attempted { return attempted }
      _ = try outcome.get()
      return nil
    }
  }

  func summary() async throws -> DecodedMedia.Summary { try await wait { try $0.outcome?.get() } }

  /// The sound from a sample on, once there is any; nil at the end.
  func piece(at position: Int) async throws -> [[Float]]? {
    let (count, channels) = try await wait { known in
      let count = known.available - position
      if count > 0 { return (count, known.opened?.channels ?? 1) }
      return try known.outcome.map { outcome in
        _ = try outcome.get()
        return (0, 1)
      }
    }
    guard count > 0 else { return nil }
    return try read(min(count, Self.pieceLength), at: position, channels: channels)
  }

  private func read(_ count: Int, at position: Int, channels: Int) throws -> [[Float]] {
    let width = channels * MemoryLayout<Float>.size
    var failure: Int32 = 0
    let samples = [Float](unsafeUninitializedCapacity: count * channels) { buffer, filled in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      var done = 0
      while done < count * width {
        let received = pread(
          spool.number, bytes.baseAddress?.advanced(by: done), count * width - done,
          off_t(position * width + done))
        if received < 0, errno == EINTR { continue }
        guard received > 0 else {
          failure = received < 0 ? errno : EIO
          break
        }
        done += received
      }
      filled = failure == 0 ? count * channels : 0
    }
    if failure == EIO { throw nonsense }
    guard failure == 0 else {
      throw SwiftletError(
        .other, "Decoded audio of \(name) can't be read: \(String(cString: strerror(failure))).",
        subject: name)
    }
    guard channels > 1 else { return [samples] }
    return (0..<channels).map { channel in (0..<count).map { samples[$0 * channels + channel] } }
  }

  /// Waits until `condition` gives something.
  private func wait<Value: Sendable>(until condition: (Known) throws -> Value?) async throws -> Value {
    while true {
      try Task.checkCancellation()
      let (value, version): (Value?, Int) = try known.withLock { known in
        if known.isCancelled { throw CancellationError() }
        return (try condition(known), known.version)
      }
      if let value { return value }
      await waitForChange(since: version)
    }
  }

  private func waitForChange(since version: Int) async {
    let number = known.withLock { known in
      known.lastWaiter += 1
      return known.lastWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mustWait = known.withLock { known in
          let mustWait = known.version == version
          if mustWait { known.waiting[number] = continuation }
          return mustWait
        }
        if !mustWait {
          continuation.resume()
        } else if Task.isCancelled {
          wake(number)
        }
      }
    } onCancel: {
      wake(number)
    }
  }

  private func wake(_ number: Int) {
    known.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
  }

  private func change(_ body: (inout Known) -> Void) {
    let waiting = known.withLock { known in
      body(&known)
      known.version += 1
      defer { known.waiting = [:] }
      return known.waiting
    }
    for continuation in waiting.values { continuation.resume() }
  }

  /// - Returns: whether there still is a fork.
  func cancel() -> Bool {
    let (isWanted, hasEnded) = known.withLock { ($0.outcome == nil, $0.hasEnded) }
    if isWanted { change { $0.isCancelled = true } }
    // One that said it was done may have been taken over, and go on.
    return !hasEnded
  }

  // MARK: What the fork tells

  /// Listens to a fork until its end.
  ///
  /// - Parameters:
  ///   - kill: ends it.
  ///   - release: called when it has ended.
  func follow(
    _ socket: Descriptor, kill: @escaping @Sendable () -> Void, release: @escaping @Sendable () -> Void
  ) throws {
    // Live sound is told of ten times a second.
    let listener = Listener(most: limits.samples / 1_600 + 100)
    do {
      try DescriptorWatch.shared.whenReadable(socket) {
        let wasHostile = listener.isHostile
        if listener.read(socket.number, { self.take($0) }) {
          if listener.isHostile, !wasHostile {
            self.change { $0.outcome = $0.outcome ?? .failure(self.nonsense) }
            kill()
          }
          return true
        }
        self.end()
        release()
        return false
      }
    } catch {
      throw SwiftletError.decoderUnavailable(name, Int32(error.errorCode))
    }
  }

  private func take(_ status: MediaStatus) {
    change { known in
      guard known.outcome == nil else { return }
      switch status {
      case .opened(let channels, let duration):
        // What a fork says may be a lie.
        if (1...limits.channels).contains(channels) { known.opened = (channels, duration) }
      case .written(let samples): available(samples, &known)
      case .finished(let samples, let notices):
        available(samples, &known)
        known.outcome = .success(
          DecodedMedia.Summary(
            duration: Double(known.available) / Double(AudioReader.sampleRate), notices: notices))
      case .failed(let code, let message, let samples, _):
        available(samples, &known)
        known.outcome = .failure(SwiftletError(.init(rawValue: code), message, subject: name))
      case .tooLong(let samples):
        available(samples, &known)
        known.outcome = .failure(tooLong)
      case .attempted(let error): known.attempted = error
      case .ended(let signal, let code, let processorTime, let memory):
        known.ended = (signal, code, processorTime, memory)
      }
    }
  }

  private func available(_ samples: Int, _ known: inout Known) {
    known.available = min(max(known.available, samples), limits.samples)
  }

  /// Nothing comes any more.
  private func end() {
    change { known in
      known.hasEnded = true
      if known.outcome != nil { return }
      if known.isCancelled {
        known.outcome = .failure(CancellationError())
      } else if let ended = known.ended {
        known.outcome = .failure(error(ended))
      } else {
        known.outcome = .failure(known.opened == nil ? DecoderLost() : DecoderLost.error(name))
      }
    }
  }

  private var tooLong: SwiftletError {
    SwiftletError(
      .audioTooLong, "\(name) is longer than the \(Self.text(limits.duration)) that are allowed; split it.",
      subject: name)
  }

  private static func text(_ seconds: Double) -> String {
    func number(_ value: Double) -> String { value.rounded() == value ? "\(Int(value))" : "\(value)" }
    return seconds >= 3_600
      ? "\(number((seconds / 360).rounded() / 10)) hours"
      : seconds >= 120 ? "\(number((seconds / 6).rounded() / 10)) minutes" : "\(number(seconds)) seconds"
  }

  /// What a fork that said nothing died of.
  private func error(_ ended: Known.Ended) -> SwiftletError {
    switch ended.signal {
    case SIGXCPU: return tooComplex
    case SIGKILL where ended.processorTime >= Double(limits.processorTime): return tooComplex
    case SIGXFSZ: return tooLong
    case 0, SIGKILL:
      return SwiftletError(
        .decoderUnavailable,
        "\(name) could not be decoded: the process that decodes it was ended. Try again.",
        subject: name)
    default:
      // An allocation that fails ends a process, too.
      if ended.memory > limits.memory / 2 {
        return SwiftletError(
          .audioTooLarge,
          "\(name) needs more memory to be decoded than is allowed (\(limits.memory >> 20) MB).",
          subject: name)
      }
      return SwiftletError(
        .decoderCrashed, "\(name) is damaged: it crashes its decoder (signal \(ended.signal)).", subject: name
      )
    }
  }

  /// Something that no decoder would say which is in its senses.
  private var nonsense: SwiftletError {
    SwiftletError(
      .decoderCrashed, "\(name) is damaged: it makes its decoder do what it should not.", subject: name)
  }

  private var tooComplex: SwiftletError {
    SwiftletError(
      .audioTooComplex,
      "\(name) takes more than the \(limits.processorTime) seconds of processor time to decode that are allowed.",
      subject: name)
  }
}

/// Lines of JSON as they come. Only for the thread that reads them.
private final class Listener: @unchecked Sendable {
  private var line: [UInt8] = []
  /// Messages that a decoder may still send.
  private var rest: Int
  /// Whether it has said what no decoder says.
  private(set) var isHostile = false
  /// More than any message has.
  private static let longestLine = 64 << 10

  /// - Parameter most: how many messages are believed.
  init(most: Int) { rest = most }

  /// Reads what there is; false at the end.
  func read(_ socket: Int32, _ body: (MediaStatus) -> Void) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    let count = Foundation.read(socket, &buffer, buffer.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return true }
    guard count > 0 else { return false }
    var bytes = buffer[..<count]
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
      line += bytes[..<end]
      bytes = bytes[(end + 1)...]
      take(body)
    }
    line += bytes
    if line.count > Self.longestLine { isHostile = true }
    if isHostile { line = [] }
    return true
  }

  private func take(_ body: (MediaStatus) -> Void) {
    defer { line = [] }
    guard !line.isEmpty, !isHostile else { return }
    rest -= 1
    guard rest >= 0, let status = try? JSONDecoder().decode(MediaStatus.self, from: Data(line)) else {
      isHostile = true
      return
    }
    body(status)
  }
}
#endif
