// Where somebody speaks: the way in.

import SwiftletAudio

/// Finds speech in recordings, with Silero's network, which the library carries.
///
/// ```swift
/// let detector = try VoiceActivityDetector()
/// for range in try await detector.speech(in: .file(url)) { print(range.start, range.end) }
/// ```
///
/// It runs on one thread, some hundreds of times faster than the sound lasts. Several tasks may use one detector at once.
public final class VoiceActivityDetector: Sendable {
  /// Samples a second of the sound that it takes.
  public static let sampleRate = VoiceActivityNetwork.sampleRate
  /// Samples that one probability is of: 32 ms.
  public static let windowSamples = VoiceActivityNetwork.windowSamples
  static let windowSeconds = Double(windowSamples) / Double(sampleRate)

  let network: VoiceActivityNetwork

  /// Loads the network that the library carries.
  ///
  /// - Throws: ``SwiftletError`` if `SWIFTLET_ISA` names an instruction set that this machine lacks.
  public init() throws { network = try throwingPublicErrors { try VoiceActivityNetwork() } }

  /// How probable it is that somebody speaks in each window of 32 ms.
  ///
  /// - Parameter samples: 16 kHz mono in [-1, 1]; silence fills the last window up.
  /// - Returns: `[samples / 512]`, rounded up, each from 0 to 1.
  public func probabilities(of samples: [Float]) -> [Float] {
    network.probabilities(of: samples, in: network.makeState())
  }

  /// Where somebody speaks.
  ///
  /// - Parameters:
  ///   - samples: 16 kHz mono in [-1, 1].
  ///   - options: how speech is told from silence.
  /// - Throws: ``SwiftletError/Code/invalidOptions`` for options that can't be meant.
  public func speech(
    in samples: [Float], options: VoiceActivityOptions = VoiceActivityOptions()
  ) throws(SwiftletError) -> [SpeechRange] {
    try options.check()
    let activity = VoiceActivity(probabilities: probabilities(of: samples), sampleCount: samples.count)
    return try activity.speech(options)
  }

  /// The probabilities of what is to be transcribed, raised where it is quiet.
  func activity(in samples: [Float]) -> VoiceActivity {
    VoiceActivity(
      probabilities: probabilities(of: QuietSound.raised(whole: samples)), sampleCount: samples.count)
  }

  /// The same for a recording of any length.
  ///
  /// - Parameter stop: asked every second or so of the sound.
  func activity(in samples: [Float], stop: StopFlag) throws(CancellationError) -> VoiceActivity {
    let state = network.makeState()
    var sound = QuietSound()
    var activity = VoiceActivity(probabilities: [], sampleCount: samples.count)
    for first in stride(from: 0, to: samples.count, by: QuietSound.piece) {
      try stop.check()
      let piece = Array(samples[first..<min(first + QuietSound.piece, samples.count)])
      activity.probabilities += network.probabilities(of: sound.raised(piece), in: state)
    }
    return activity
  }

  /// Where somebody speaks in a recording of any length; its probabilities are all that is kept of it.
  ///
  /// - Parameters:
  ///   - input: the recording; not separate channels.
  ///   - options: how speech is told from silence.
  /// - Throws: ``SwiftletError`` for options out of range, and if the audio can't be read, or not to its end; `CancellationError`
  ///   if the task is cancelled.
  public func speech(
    in input: AudioInput, options: VoiceActivityOptions = VoiceActivityOptions()
  ) async throws -> [SpeechRange] {
    try options.check()
    return try await activity(of: input).speech(options)
  }

  /// The probabilities of a recording, of which ranges can be made by several rules.
  ///
  /// - Parameters:
  ///   - input: the recording; not separate channels.
  ///   - notice: receives sentences about the recording, as in ``TranscriptionProgress/notices``.
  /// - Throws: as ``speech(in:options:)-(AudioInput,_)``; if the audio can't be read to its end,
  ///   ``SwiftletError/partialResult`` is the ``VoiceActivity`` of what was read.
  public func activity(
    of input: AudioInput, notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> VoiceActivity {
    try input.check()
    try input.checkIsSingle("Voice activity")
    return try await onBlockingThread {
      var activity = VoiceActivity(probabilities: [], sampleCount: 0)
      do {
        try listen(to: input, notice: notice, adding: &activity)
        return activity
      } catch {
        guard activity.sampleCount > 0, var error = publicError(error) as? SwiftletError else {
          throw publicError(error)
        }
        if error.code == .unreadableAudio { error.code = .incompleteAudio }
        error.partialResult = activity
        throw error
      }
    }
  }

  private func listen(
    to input: AudioInput, notice: (String) -> Void, adding activity: inout VoiceActivity
  ) throws {
    // Reading asks on its own thread, which is the task's.
    let source = try input.open { Task.isCancelled }
    let state = network.makeState()
    defer { source.report.notices.forEach(notice) }
    // `read` gives fewer samples at the end only.
    while true {
      try Task.checkCancellation()
      let samples = try source.read(upTo: QuietSound.piece)
      if samples.isEmpty { return }
      activity.probabilities += network.probabilities(of: samples, in: state)
      activity.sampleCount += samples.count
    }
  }
}

/// How probable speech is in each window of a recording.
public struct VoiceActivity: Hashable, Codable, Sendable {
  /// One for each 32 ms.
  public var probabilities: [Float]
  /// Samples of sound, at 16 kHz.
  public var sampleCount: Int

  /// Seconds of sound.
  public var duration: Double { Double(sampleCount) / Double(VoiceActivityDetector.sampleRate) }

  /// The probabilities of `sampleCount` samples at 16 kHz, one for each 32 ms.
  public init(probabilities: [Float], sampleCount: Int) {
    self.probabilities = probabilities
    self.sampleCount = sampleCount
  }

  /// Where somebody speaks.
  ///
  /// - Parameter options: how speech is told from silence.
  /// - Throws: ``SwiftletError/Code/invalidOptions`` for options that can't be meant.
  public func speech(
    _ options: VoiceActivityOptions = VoiceActivityOptions()
  ) throws(SwiftletError) -> [SpeechRange] {
    try options.check()
    return SpeechRanges.of(probabilities, length: max(0, sampleCount), options)
  }
}
