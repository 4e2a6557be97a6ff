// Any file that can be read, as 16 kHz sound on the clock of its container, piece by piece.

import Foundation
import SwiftletFiles
import Synchronization

/// Decodes an audio track of a file, or of standard input, to 16 kHz fp32 in [-1, 1].
///
/// Sample n is what a player plays at n / 16000 s: silence stands where a track begins after the picture, where packets are
/// missing and where they can't be decoded. Memory does not grow with the length of the recording. Not for several tasks at
/// once.
package final class AudioDecoder: ChannelSource {
  /// Samples a second of what ``read(upTo:)`` gives: the rate Whisper was trained at.
  package static let sampleRate = 16_000

  /// The file's path, or `standard input`, for messages.
  package let name: String
  /// What is known of the file, for any thread.
  package let report = SoundReport()
  /// Channels that ``readChannels(upTo:)`` gives.
  package let channelCount: Int
  private let source: MediaSource
  private let resampler: Resampler
  private let isCancelled: () -> Bool
  /// The channel that is wanted, of those that come out of the resampler; nil for all.
  private let chosenChannel: Int?
  private let trackNotice: String?
  /// Made when the first frame says when it begins.
  private var timeline: Timeline?
  private var origin = 0.0
  /// What is ready, channel by channel; then `silence` samples of silence; nothing more is decoded before they were taken.
  private var ready: [[Float]]
  private var silence = 0
  /// Sound that follows a break in the clock, of which the next frame tells whether it is one.
  private var suspect: [[Float]]?
  private var afterSilence: [[Float]] = []
  /// Samples of each channel that are placed: delivered, ready or silence.
  private var placed = 0
  private var delivered = 0
  private var damage: (seconds: Double, from: Double, to: Double)?
  private var ended = false
  private var knownJumps = 0
  /// What ended the decoding early, thrown when all before it has been delivered.
  private var failure: AudioError?

  /// Opens a recording and the decoder for its sound.
  ///
  /// - Parameters:
  ///   - location: a file, standard input or memory.
  ///   - raw: what its samples are if there is nothing else in it.
  ///   - selection: which of its tracks and channels are read.
  ///   - isCancelled: asked while the file is read; reading then ends with ``AudioError/cancelled(file:)``.
  package init(
    _ location: MediaLocation, raw: RawSound? = nil, selection: SoundSelection = SoundSelection(),
    isCancelled: @escaping () -> Bool = { false }
  ) throws(AudioError) {
    name = location.name
    self.isCancelled = isCancelled
    source = try MediaSource(
      location, name: name, raw: raw, selection: selection, isCancelled: isCancelled)
    let channels = max(1, source.channels)
    var output = ChannelOutput.mono
    switch selection.channels {
    case .mix: chosenChannel = nil
    case .separate:
      chosenChannel = nil
      output = .separate(channels)
    case .one(let number):
      guard (1...channels).contains(number) else {
        throw .noSuchChannel(file: name, channel: number, count: channels)
      }
      chosenChannel = number - 1
      output = .separate(channels)
    }
    resampler = Resampler(name: name, rate: Self.sampleRate, output: output)
    let planes = output == .mono ? 1 : channels
    channelCount = chosenChannel == nil ? planes : 1
    ready = Array(repeating: [], count: planes)
    trackNotice = Self.notice(of: source, name: name, wasChosen: selection.track != nil)
    updateReport()
  }

  private func updateReport() {
    report.set(
      duration: source.duration(origin: origin), notices: (trackNotice.map { [$0] } ?? []) + clockNotices)
  }

  private static func notice(of source: MediaSource, name: String, wasChosen: Bool) -> String? {
    let others = source.tracks.filter { $0 != source.track }
    guard !others.isEmpty, !wasChosen else { return nil }
    return "\(name) has \(source.tracks.count) audio tracks; using \(source.track), not "
      + others.map(\.description).joined(separator: ", ") + "."
  }

  /// At most `count` samples of the only channel, fewer at the end of the sound, and none after it.
  ///
  /// - Throws: `truncated`, `damaged`, `unlikelyRate` or `decodingFailed`, once everything that could be decoded was
  ///   delivered; `cancelled`.
  package func read(upTo count: Int) throws(AudioError) -> [Float] {
    precondition(channelCount == 1, "separate channels are read together")
    return try readChannels(upTo: count)[0]
  }

  /// At most `count` samples of each channel, `[channelCount][samples]`, all of the same length; see ``read(upTo:)``.
  package func readChannels(upTo count: Int) throws(AudioError) -> [[Float]] {
    var taken = take(count)
    while taken[0].count < count, !ended || silence > 0 || !ready[0].isEmpty {
      if ready[0].isEmpty, silence == 0 { decode() }
      let more = take(count - taken[0].count)
      for channel in taken.indices { taken[channel] += more[channel] }
    }
    if let chosenChannel { taken = [taken[chosenChannel]] }
    delivered += taken[0].count
    if taken[0].isEmpty && count > 0 { try checkEnd() }
    return taken
  }

  private func take(_ count: Int) -> [[Float]] {
    var taken: [[Float]] = Array(repeating: [], count: ready.count)
    if ready[0].count <= count {
      swap(&taken, &ready)
    } else {
      for channel in ready.indices {
        taken[channel] = Array(ready[channel].prefix(count))
        ready[channel].removeFirst(count)
      }
    }
    let quiet = min(silence, count - taken[0].count)
    guard quiet > 0 else { return taken }
    for channel in taken.indices { taken[channel] += repeatElement(0, count: quiet) }
    silence -= quiet
    if silence == 0 { swap(&ready, &afterSilence) }
    return taken
  }

  /// Decodes and places the next frame.
  private func decode() {
    do throws(AudioError) {
      let lost = source.lost
      let next = try source.nextFrame()
      noteDamage(source.lost - lost)
      guard let (frame, time) = next else { return try finish() }
      let duration = frame.duration
      if timeline == nil, let time {
        // What came before it had no time.
        let before = Double(placed) / Double(Self.sampleRate)
        origin = source.origin(firstSound: time) - before
        timeline = Timeline(origin: origin, end: before)
        updateReport()
      }
      let placement = timeline?.place(time, duration: duration) ?? Timeline.Placement()
      if let seconds = placement.silence { try settle(seconds) }
      if placement.isSuspect {
        // What comes out from here on must not be filtered together with what came before.
        try append { (channels) throws(AudioError) in try resampler.flush(into: &channels) }
        var sound = emptyChannels
        try resampler.convert(frame, into: &sound)
        suspect = sound
      } else {
        try append { (channels) throws(AudioError) in try resampler.convert(frame, into: &channels) }
      }
    } catch {
      ended = true
      failure = error
    }
  }

  private var emptyChannels: [[Float]] { Array(repeating: [], count: ready.count) }

  private func finish() throws(AudioError) {
    ended = true
    if let seconds = timeline?.finish() { try settle(seconds) }
    try append { (channels) throws(AudioError) in try resampler.flush(into: &channels) }
  }

  /// Places what was suspect, after `seconds` of silence.
  private func settle(_ seconds: Double) throws(AudioError) {
    guard let sound = suspect else { return }
    suspect = nil
    if seconds >= Self.notableGap || timeline?.jumps.count != knownJumps { updateReport() }
    knownJumps = timeline?.jumps.count ?? 0
    if seconds > 0, let gap = timeline?.gaps.last {
      // By the clock, so that the rounding of gaps does not add up.
      silence = max(0, Int(((gap.at + gap.seconds) * Double(Self.sampleRate)).rounded()) - placed)
      placed += silence
      if source.takeDamage() { noteDamage(seconds, at: gap.at) }
    }
    try append { (channels) throws(AudioError) in
      for channel in channels.indices { channels[channel] += sound[channel] }
    }
  }

  /// Appends sound behind what is there.
  private func append(_ body: (inout [[Float]]) throws(AudioError) -> Void) throws(AudioError) {
    if silence > 0, afterSilence.isEmpty { afterSilence = emptyChannels }
    func count() -> Int { silence > 0 ? afterSilence[0].count : ready[0].count }
    let before = count()
    if silence > 0 { try body(&afterSilence) } else { try body(&ready) }
    placed += count() - before
  }

  private func noteDamage(_ seconds: Double, at time: Double? = nil) {
    guard seconds > 0 else { return }
    let begin = time ?? timeline?.end ?? 0
    damage = (
      (damage?.seconds ?? 0) + seconds, min(damage?.from ?? begin, begin),
      max(damage?.to ?? 0, begin + seconds)
    )
  }

  /// Half a second is more than any encoder's delay or padding, and more than the rounding of a container's clock.
  private static let tolerance = 0.5
  /// Less than this of damaged sound is what a stream that was cut anywhere begins with.
  private static let leastDamage = 0.1

  private func checkEnd() throws(AudioError) {
    if let failure { throw failure }
    let seconds = Double(delivered) / Double(Self.sampleRate)
    if delivered == 0 {
      if let reason = source.failure { throw .decodingFailed(file: name, reason: reason) }
      if !source.isPlain { throw .noSamples(file: name) }
    }
    if let declared = source.declaredEnd(origin: origin).map({ $0 - (timeline?.shift ?? 0) }),
      declared - seconds > max(Self.tolerance, declared * 0.01)
    {
      throw .truncated(file: name, seconds: seconds, declared: declared)
    }
    if source.brokeOff { throw .truncated(file: name, seconds: seconds, declared: nil) }
    if let damage, damage.seconds >= Self.leastDamage {
      throw .damaged(file: name, seconds: damage.seconds, from: damage.from, to: damage.to)
    }
  }
}

extension AudioDecoder {
  /// Shorter gaps are usual: some encoders send nothing while nobody speaks.
  private static let notableGap = 1.0

  private var clockNotices: [String] {
    guard let timeline else { return [] }
    var notices: [String] = []
    let gaps = timeline.gaps.filter { $0.at > 0 && $0.seconds >= Self.notableGap }
    if let first = gaps.first {
      let total = gaps.reduce(0) { $0 + $1.seconds }
      notices.append(
        "\(name): no audio for \(text(total)) s "
          + (gaps.count == 1
            ? "at \(text(first.at)) s" : "in \(gaps.count) places, the first at \(text(first.at)) s")
          + "; treated as silence.")
    }
    // The parts of a chained Ogg file begin at 0 each.
    let jumps = timeline.jumps.filter { !(source.isOgg && $0.by < 0 && $0.to < 1) }
    if let first = jumps.first {
      let direction = first.by < 0 ? "back" : "ahead"
      notices.append(
        "\(name): its clock jumps \(direction) by \(text(abs(first.by))) s at \(text(first.at)) s"
          + (jumps.count > 1 ? ", and \(jumps.count - 1) more times" : "")
          + "; the jump is ignored.")
    }
    return notices
  }
}

/// What is known of a file while it is read.
package final class SoundReport: Sendable {
  private let state = Mutex<(duration: Double?, notices: [String])>((nil, []))

  /// Seconds of sound that the file declares; nil where it does not say.
  package var duration: Double? { state.withLock { $0.duration } }

  /// What a listener should know about the file: tracks that were not chosen, and, once they have been come upon, gaps and
  /// breaks in its clock.
  package var notices: [String] { state.withLock { $0.notices } }

  package init() {}

  package func set(duration: Double?, notices: [String] = []) { state.withLock { $0 = (duration, notices) } }
}

/// Samples of one channel without a container that says so.
package struct RawSound: Hashable, Sendable {
  /// FFmpeg's name of it: `s16le`, `f32le`.
  package var sampleFormat: String
  /// Samples a second.
  package var rate: Int

  package init(sampleFormat: String, rate: Int) {
    self.sampleFormat = sampleFormat
    self.rate = rate
  }
}
