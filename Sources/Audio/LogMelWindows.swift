// A recording as a sequence of windows for the encoder.

/// Cuts a recording into windows of 30 s and gives their log-mel spectrograms.
///
/// With ``WindowPadding/silence`` one window is held at a time. With ``WindowPadding/zeros`` the loudest frame of the
/// whole recording sets the scale, so the recording is read to its end first and its spectrogram kept: 115 MB for ten
/// hours in 80 bins.
package final class LogMelWindows {
  private let decoder: AudioDecoder
  private let spectrogram: LogMelSpectrogram
  private let padding: WindowPadding
  /// Seconds at which the next window begins.
  private var start = 0.0
  private var whole: WholeSpectrogram?

  package init(decoder: AudioDecoder, bins: Int, padding: WindowPadding) {
    self.decoder = decoder
    self.padding = padding
    spectrogram = LogMelSpectrogram(bins: bins)
  }

  /// The next window; nil after the last.
  ///
  /// - Throws: what ``AudioDecoder/read(upTo:)`` does, after the last window that could be made.
  package func next() throws(AudioError) -> LogMelWindow? {
    switch padding {
    case .silence:
      let sound = try decoder.read(upTo: LogMelWindow.samples)
      guard !sound.isEmpty else { return nil }
      var window = spectrogram.window(of: sound)
      window.start = start
      start += window.duration
      return window
    case .zeros:
      if whole == nil { whole = WholeSpectrogram(decoder, spectrogram) }
      return try whole?.next()
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
      values: values, bins: bins, soundFrames: frames, start: 0,
      duration: Double(sound.count) / Double(AudioDecoder.sampleRate))
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
