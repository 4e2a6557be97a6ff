// Decodes untrusted media in forks of a process that has nothing but the file.

#if Server
import CSandbox
import Dispatch
import Foundation
import Swiftlet
import Synchronization

/// What to decode, and how.
struct MediaRequest: Sendable {
  enum Source: Sendable {
    /// A file on this machine.
    case file(path: String)
    /// What comes while it is decoded.
    case feed(MediaFeed)
  }

  var source: Source
  /// What messages call it; its ending may help to recognize the format.
  var name: String
  var track: Int?
  var channels = AudioInput.Channels.mix
  /// Whose track is used rather than the default one.
  var language: String?
  var limits = MediaLimits()

  init(
    _ source: Source, name: String, track: Int? = nil, channels: AudioInput.Channels = .mix,
    language: String? = nil,
    limits: MediaLimits = MediaLimits()
  ) {
    self.source = source
    self.name = name
    self.track = track
    self.channels = channels
    self.language = language
    self.limits = limits
  }
}

/// Owns the process that decodes; starts it again if it ends.
actor MediaDecoder {
  /// Files that are decoded at once; others wait for their turn. Feeds don't count: they last as long as their sound does.
  let concurrency: Int
  private let executable: URL
  private let folder: URL
  private var process: MediaHost?
  private var lastNumber = 0
  private var running = 0
  private var waiting: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []
  private var isStopped = false

  /// - Parameters:
  ///   - folder: where decoded sound is kept until its owner is released, in files without names.
  ///   - concurrency: files that are decoded at once.
  ///   - executable: the tool `swiftlet`; nil if it is this program.
  init(folder: URL, concurrency: Int = ProcessInfo.processInfo.activeProcessorCount, executable: URL? = nil) {
    self.folder = folder
    self.concurrency = max(1, concurrency)
    self.executable = executable ?? MediaHost.thisProgram
  }

  deinit { process?.close() }

  /// Starts the process, if it does not run.
  ///
  /// - Returns: what stands between a decoder and the machine.
  @discardableResult
  func start() async throws -> Set<SandboxLayer> { try await host().greeting.layers }

  /// For tests.
  var processIdentifier: pid_t { get async throws { try await host().process } }

  /// Ends the process and everything that it decodes. Nothing can be decoded after it.
  func stop() {
    isStopped = true
    process?.close()
    process = nil
    for waiter in waiting { waiter.continuation.resume(throwing: CancellationError()) }
    waiting = []
  }

  /// Begins to decode.
  ///
  /// - Returns: the sound, once there is known to be any.
  /// - Throws: ``SwiftletError`` with ``SwiftletError/Code/unreadableAudio`` or a code of ``MediaDecoder``'s own;
  ///   `CancellationError`.
  func decode(_ request: MediaRequest) async throws -> DecodedMedia {
    do {
      guard case .file = request.source else { return try await begin(request, turn: nil) }
      do {
        return try await begin(request, turn: takeTurn())
      } catch is DecoderLost {
        // Nobody has heard anything of it yet.
        return try await begin(request, turn: takeTurn())
      }
    } catch is DecoderLost {
      throw DecoderLost.error(request.name)
    }
  }

  /// Tries something that the sandbox is to prevent.
  ///
  /// - Returns: the error number, 0 if it was possible.
  func attempt(_ what: String, limits: MediaLimits = MediaLimits()) async throws -> Int32 {
    try await attempting(what, limits: limits).attempted()
  }

  /// Tries something, and does not wait for what becomes of it.
  func attempting(_ what: String, limits: MediaLimits = MediaLimits()) async throws -> DecodedMedia {
    lastNumber += 1
    let host = try await host()
    return try DecodedMedia(
      name: what, channels: .mix, input: Descriptor.opening("/dev/null"),
      spool: Descriptor.opening("/dev/null"),
      host: host, order: .attempt(what, limits: limits, number: lastNumber), limits: limits, release: {})
  }

  private func begin(_ request: MediaRequest, turn: Turn?) async throws -> DecodedMedia {
    let host = try await host()
    let input: Descriptor
    switch request.source {
    case .file(let path): input = try Descriptor.opening(path, name: request.name)
    case .feed(let feed): input = try feed.takeReader()
    }
    lastNumber += 1
    let media = try DecodedMedia(
      name: request.name, channels: request.channels, input: input, spool: Descriptor.spool(in: folder),
      host: host, order: .decode(MediaOrder.Decoding(request), number: lastNumber), limits: request.limits,
      release: { turn?.end() })
    try await media.waitUntilOpened()
    return media
  }

  private func host() async throws -> MediaHost {
    while true {
      if isStopped { throw CancellationError() }
      let host: MediaHost
      if let process, !process.hasEnded {
        host = process
      } else {
        host = try MediaHost(executable)
        process = host
      }
      if try await host.isReady() { return host }
      // It was killed before it could say a word; somebody else may have started another one meanwhile.
      if process === host {
        process = nil
        throw SwiftletError(.decoderUnavailable, "The process that decodes audio could not be started.")
      }
    }
  }

  // MARK: Turns

  private func takeTurn() async throws -> Turn {
    try Task.checkCancellation()
    guard running >= concurrency else {
      running += 1
      return newTurn()
    }
    lastNumber += 1
    let number = lastNumber
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        if Task.isCancelled || isStopped {
          continuation.resume(throwing: CancellationError())
        } else {
          waiting.append((number, continuation))
        }
      }
    } onCancel: {
      Task { await self.leave(number) }
    }
    return newTurn()
  }

  private func newTurn() -> Turn { Turn { Task { await self.endTurn() } } }

  private func leave(_ number: Int) {
    guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
    waiting.remove(at: index).continuation.resume(throwing: CancellationError())
  }

  private func endTurn() {
    // Who waits takes the place.
    if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().continuation.resume() }
  }
}

/// A place among those that are decoded at once; it is given back once, at the latest when this is released.
private final class Turn: Sendable {
  private let release: Mutex<(@Sendable () -> Void)?>

  init(_ release: @escaping @Sendable () -> Void) { self.release = Mutex(release) }

  deinit { end() }

  func end() { release.withLock { $0.take() }?() }
}

/// The process ended before it had told anything of a decoding.
struct DecoderLost: Error {
  static func error(_ name: String) -> SwiftletError {
    SwiftletError(
      .decoderUnavailable, "\(name) could not be decoded: the process that decodes audio ended. Try again.",
      subject: name)
  }
}

extension SwiftletError {
  /// The system refuses what decoding takes.
  static func decoderUnavailable(_ name: String, _ number: Int32) -> SwiftletError {
    SwiftletError(
      .decoderUnavailable, "\(name) can't be decoded now: \(String(cString: strerror(number))).",
      subject: name)
  }
}

extension SwiftletError.Code {
  /// More sound than is allowed.
  static let audioTooLong = Self(rawValue: "audio_too_long")
  /// Decoding takes more processor time than is allowed.
  static let audioTooComplex = Self(rawValue: "audio_too_complex")
  /// Decoding takes more memory than is allowed.
  static let audioTooLarge = Self(rawValue: "audio_too_large")
  /// The file crashed its decoder; nothing else was harmed.
  static let decoderCrashed = Self(rawValue: "decoder_crashed")
  /// The file is not to blame: the process that decodes could not be started, or was killed.
  static let decoderUnavailable = Self(rawValue: "decoder_unavailable")
}
#endif
