// The log-mel spectrogram of a whole recording, cut into windows as openai-whisper cuts it.

/// Reads a recording to its end when it is made, then gives any window.
final class WholeSpectrogram {
  private let bins: Int
  /// Not yet normalised, `[frames, bins]`.
  private var logs: [Float] = []
  private var loudest = LogMelSpectrogram.floor
  /// Whole hops of sound, the frames that openai-whisper calls content.
  private var contentFrames = 0
  /// What ended the reading early, thrown after the last window.
  private var error: AudioError?

  init(_ decoder: any SampleSource, _ spectrogram: LogMelSpectrogram) {
    bins = spectrogram.bins
    let hop = LogMelSpectrogram.hop
    let length = LogMelSpectrogram.frameLength
    var samples = 0
    /// Samples from the beginning of the next frame on.
    var pending: [Float] = []
    var frames = 0
    while true {
      var chunk: [Float] = []
      do {
        chunk = try decoder.read(upTo: LogMelWindow.samples)
      } catch {
        self.error = error
      }
      if samples == 0 { pending = chunk.reflectedBeginning(LogMelSpectrogram.margin) }
      samples += chunk.count
      pending += chunk
      let isEnd = chunk.isEmpty
      // At the end, frames that reach into the silence after the sound count for the loudest.
      let ready =
        isEnd
        ? max(0, (samples + LogMelSpectrogram.margin + hop - 1) / hop - frames)
        : pending.count < length ? 0 : (pending.count - length) / hop + 1
      let count = samples == 0 ? 0 : ready
      var part = [Float](repeating: LogMelSpectrogram.floor, count: count * bins)
      loudest = max(loudest, spectrogram.logPower(of: pending, frames: count, into: &part))
      logs += part
      frames += ready
      pending.removeFirst(min(pending.count, ready * hop))
      if isEnd { break }
    }
    contentFrames = samples / hop
  }

  func window(at frame: Int, limit: Int) throws(AudioError) -> LogMelWindow? {
    let count = min(limit, contentFrames - frame)
    guard count > 0 else {
      if let error { throw error }
      return nil
    }
    var values = Array(logs[frame * bins..<(frame + count) * bins])
    LogMelSpectrogram.normalize(&values, loudest: loudest)
    values += repeatElement(0, count: LogMelWindow.frames * bins - values.count)
    return LogMelWindow(
      values: values, bins: bins, soundFrames: count, firstFrame: frame, contentFrames: count)
  }
}
