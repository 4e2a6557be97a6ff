// A recording as windows for the encoder, each from any frame on.

/// Gives the log-mel spectrograms of windows of a recording.
///
/// With ``WindowPadding/silence`` only the sound from the last window's beginning on is held, and windows can only be
/// asked for in ascending order. With ``WindowPadding/zeros`` the loudest frame of the whole recording sets the scale, so
/// the recording is read to its end first and its spectrogram kept: 115 MB for ten hours in 80 bins.
package final class LogMelSource {
  private let decoder: any SampleSource
  private let spectrogram: LogMelSpectrogram
  private let padding: WindowPadding
  private var whole: WholeSpectrogram?

  /// Sound from sample `begin` on.
  private var samples: [Float] = []
  private var begin = 0
  private var isRead = false
  /// What ended the reading early, thrown after the last window.
  private var failure: AudioError?

  package init(decoder: any SampleSource, bins: Int, padding: WindowPadding) {
    self.decoder = decoder
    self.padding = padding
    spectrogram = LogMelSpectrogram(bins: bins)
  }

  /// The window that begins at `frame` (10 ms each); nil where no whole frame of sound is left.
  ///
  /// - Parameters:
  ///   - frame: with ``WindowPadding/silence``, not before that of the call before.
  ///   - limit: at most so many frames of sound; the rest of the window is padding.
  /// - Throws: what ``AudioDecoder/read(upTo:)`` does, after the last window that could be made.
  package func window(
    at frame: Int, limit: Int = LogMelWindow.frames
  ) throws(AudioError) -> LogMelWindow? {
    let limit = min(limit, LogMelWindow.frames)
    switch padding {
    case .silence:
      return try windowOfSamples(at: frame, limit: limit)
    case .zeros:
      let whole = whole ?? WholeSpectrogram(decoder, spectrogram)
      self.whole = whole
      return try whole.window(at: frame, limit: limit)
    }
  }

  private func windowOfSamples(at frame: Int, limit: Int) throws(AudioError) -> LogMelWindow? {
    let first = frame * LogMelSpectrogram.hop
    precondition(first >= begin, "windows go forward")
    while !isRead, begin + samples.count <= first {
      begin += samples.count
      samples.removeAll()
      guard begin < first else { break }
      read(min(first - begin, LogMelWindow.samples))
    }
    let passed = min(first - begin, samples.count)
    samples.removeFirst(passed)
    begin += passed
    let wanted = limit * LogMelSpectrogram.hop
    while !isRead, samples.count < wanted { read(wanted - samples.count) }
    let count = begin == first ? min(samples.count, wanted) : 0
    guard count >= LogMelSpectrogram.hop else {
      if let failure { throw failure }
      return nil
    }
    var window = spectrogram.window(of: count == samples.count ? samples : Array(samples.prefix(count)))
    window.firstFrame = frame
    return window
  }

  private func read(_ count: Int) {
    do {
      let chunk = try decoder.read(upTo: count)
      isRead = chunk.isEmpty
      if samples.isEmpty { samples = chunk } else { samples += chunk }
    } catch {
      isRead = true
      failure = error
    }
  }
}

extension LogMelSpectrogram {
  /// Samples by which the first frame is centred on the first sample.
  static let margin = frameLength / 2

  /// The log-mel of at most 30 s of sound, padded with silence to 30 s.
  package func window(of sound: [Float]) -> LogMelWindow {
    let total = LogMelWindow.samples
    precondition(sound.count <= total)
    let frames = min(LogMelWindow.frames, (sound.count + Self.margin + Self.hop - 1) / Self.hop)
    // Reflected at both ends of the 30 s; the end is silence unless sound reaches it.
    var padded = sound.reflectedBeginning(Self.margin)
    padded.reserveCapacity(padded.count + sound.count + 2 * Self.margin)
    padded += sound
    if sound.count + Self.margin >= total {
      padded += repeatElement(0, count: total - sound.count)
      padded += sound.reflectedEnd(Self.margin, length: total)
    }
    var values = [Float](repeating: Self.floor, count: LogMelWindow.frames * bins)
    let loudest = logPower(of: padded, frames: frames, into: &values)
    Self.normalize(&values, loudest: loudest)
    return LogMelWindow(
      values: values, bins: bins, soundFrames: frames, firstFrame: 0,
      contentFrames: sound.count / Self.hop, sound: sound)
  }
}

extension [Float] {
  /// `self[count], ..., self[1]`, silence where there is no such sample.
  func reflectedBeginning(_ count: Int) -> [Float] {
    stride(from: count, through: 1, by: -1).map { $0 < self.count ? self[$0] : 0 }
  }

  /// `self[length - 2], self[length - 3], ...`, silence where there is no such sample.
  func reflectedEnd(_ count: Int, length: Int) -> [Float] {
    (0..<count).map { indices.contains(length - 2 - $0) ? self[length - 2 - $0] : 0 }
  }
}
