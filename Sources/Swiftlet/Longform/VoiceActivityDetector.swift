// Where somebody speaks: the way in.

import Dispatch
import SwiftletAudio
import SwiftletVoiceActivity
import Synchronization

/// Finds speech in recordings, with Silero's network, which the library carries.
///
/// ```swift
/// let detector = try VoiceActivityDetector()
/// for range in try await detector.speech(inFile: "talk.flac") { print(range.start, range.end) }
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
  /// - Throws: an error that says what is wrong if `SWIFTLET_ISA` names an instruction set that this machine lacks.
  public init() throws { network = try VoiceActivityNetwork() }

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
  /// - Throws: ``InvalidRequest`` for options that can't be meant.
  public func speech(
    in samples: [Float], options: VoiceActivityOptions = VoiceActivityOptions()
  ) throws(InvalidRequest) -> [SpeechRange] {
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
  /// - Parameter isCancelled: asked every second or so of the sound.
  func activity(in samples: [Float], isCancelled: () -> Bool) throws(CancellationError) -> VoiceActivity {
    let state = network.makeState()
    var sound = QuietSound()
    var activity = VoiceActivity(probabilities: [], sampleCount: samples.count)
    for first in stride(from: 0, to: samples.count, by: QuietSound.piece) {
      if isCancelled() { throw CancellationError() }
      let piece = Array(samples[first..<min(first + QuietSound.piece, samples.count)])
      activity.probabilities += network.probabilities(of: sound.raised(piece), in: state)
    }
    return activity
  }

  /// Where somebody speaks in a recording of any length; its probabilities are all that is kept of it.
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - options: how speech is told from silence.
  ///   - audio: which of its tracks and channels; not separate channels.
  /// - Throws: ``InvalidRequest``, or an error whose description names the file and says what is wrong with it, also if it
  ///   can't be read to its end; `CancellationError` if the task is cancelled.
  public func speech(
    inFile path: String, options: VoiceActivityOptions = VoiceActivityOptions(),
    audio: AudioSelection = AudioSelection()
  ) async throws -> [SpeechRange] {
    try options.check()
    return try await activity(inFile: path, audio: audio).speech(options)
  }

  /// The probabilities of a recording, of which ranges can be made by several rules.
  ///
  /// - Parameters:
  ///   - path: any file that FFmpeg reads, or `-` for standard input.
  ///   - audio: which of its tracks and channels; not separate channels.
  ///   - notice: given sentences about the recording, as in ``TranscriptionProgress/notices``.
  /// - Throws: as ``speech(inFile:options:audio:)``; ``PartialVoiceActivity`` if the file can't be read to its end.
  public func activity(
    inFile path: String, audio: AudioSelection = AudioSelection(),
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> VoiceActivity {
    try audio.check()
    guard audio.channels != .separate else {
      throw InvalidRequest(
        description:
          "Voice activity is that of one channel, or of all of them mixed; give the number of a channel.")
    }
    let stop = StopFlag()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        // Decoding and the network must not block a thread of Swift's concurrency.
        DispatchQueue.global(qos: .userInitiated).async {
          continuation.resume(
            with: Result { try cancelling { try self.listen(to: path, audio, stop: stop, notice: notice) } })
        }
      }
    } onCancel: {
      stop.set()
    }
  }

  private func listen(
    to path: String, _ audio: AudioSelection, stop: StopFlag, notice: (String) -> Void
  ) throws -> VoiceActivity {
    let decoder = try AudioDecoder(path: path, selection: audio.sound(), isCancelled: { stop.isSet })
    let state = network.makeState()
    var activity = VoiceActivity(probabilities: [], sampleCount: 0)
    defer { decoder.report.notices.forEach(notice) }
    // `read` gives fewer samples at the end only.
    while true {
      if stop.isSet { throw CancellationError() }
      let samples: [Float]
      do throws(AudioError) {
        samples = try decoder.read(upTo: QuietSound.piece)
      } catch {
        if case .cancelled = error { throw error }
        guard activity.sampleCount > 0 else { throw error }
        throw PartialVoiceActivity(activity: activity, reason: error)
      }
      if samples.isEmpty { return activity }
      activity.probabilities += network.probabilities(of: samples, in: state)
      activity.sampleCount += samples.count
    }
  }
}

/// Why a recording could not be read to its end, and the voice activity of what was read.
public struct PartialVoiceActivity: Error, CustomStringConvertible {
  /// Of the sound before the damage.
  public var activity: VoiceActivity
  /// What ended the reading.
  public var reason: any Error

  /// The reason's.
  public var description: String { "\(reason)" }
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
  /// - Throws: ``InvalidRequest`` for options that can't be meant.
  public func speech(
    _ options: VoiceActivityOptions = VoiceActivityOptions()
  ) throws(InvalidRequest) -> [SpeechRange] {
    try options.check()
    return SpeechRanges.of(probabilities, length: max(0, sampleCount), options)
  }
}
