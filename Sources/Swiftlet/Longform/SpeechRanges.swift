// Probabilities to stretches of speech.

/// Finds the stretches of speech in a sequence of probabilities, as Silero's `get_speech_timestamps` does.
struct SpeechRanges {
  private let threshold: Float
  private let exitThreshold: Float
  private let minimumSpeech: Int
  private let maximumSpeech: Int
  private let minimumSilence: Int
  private let minimumSilenceAtCut: Int
  private let padding: Int

  /// - Parameter options: that have been checked.
  init(_ options: VoiceActivityOptions) {
    func samples(_ seconds: Double) -> Int {
      Int((seconds * Double(VoiceActivityDetector.sampleRate)).rounded())
    }
    threshold = Float(options.threshold)
    exitThreshold = Float(options.exitThreshold ?? max(options.threshold - 0.15, 0.01))
    minimumSpeech = samples(options.minimumSpeech)
    padding = samples(options.padding)
    if let longest = options.maximumSpeech {
      maximumSpeech = samples(longest) - VoiceActivityDetector.windowSamples - 2 * samples(options.padding)
    } else {
      maximumSpeech = .max
    }
    minimumSilence = samples(options.minimumSilence)
    minimumSilenceAtCut = samples(options.minimumSilenceAtCut)
  }

  /// - Parameters:
  ///   - probabilities: one for each window.
  ///   - length: samples of sound.
  func ranges(in probabilities: [Float], length: Int) -> [SpeechRange] {
    padded(unpadded(probabilities, length: length), length: length)
  }

  private func unpadded(_ probabilities: [Float], length: Int) -> [SpeechRange] {
    var ranges: [SpeechRange] = []
    var start: Int?
    /// Where the silence began that may be the end.
    var silence: Int?
    /// Silences within this stretch at which it may be cut.
    var pauses: [Range<Int>] = []

    func end(at sample: Int, ifLongerThan least: Int = -1) {
      if let begin = start, sample - begin > least {
        ranges.append(SpeechRange(startSample: begin, endSample: sample))
      }
      start = nil
      silence = nil
      pauses = []
    }

    for (index, probability) in probabilities.enumerated() {
      let now = index * VoiceActivityDetector.windowSamples
      if probability >= threshold, let begin = silence {
        if now - begin > minimumSilenceAtCut { pauses.append(begin..<now) }
        silence = nil
      }
      guard let begin = start else {
        if probability >= threshold { start = now }
        continue
      }
      if now - begin > maximumSpeech {
        // Of several that are equally long it is the first.
        guard let pause = pauses.max(by: { $0.count < $1.count }) else {
          end(at: now)
          continue
        }
        end(at: pause.lowerBound)
        start = pause.upperBound
      }
      if probability < exitThreshold {
        let begin = silence ?? now
        silence = begin
        if now - begin >= minimumSilence { end(at: begin, ifLongerThan: minimumSpeech) }
      }
    }
    end(at: length, ifLongerThan: minimumSpeech)
    return ranges
  }

  /// With the padding at both ends; where two stretches are too close for it, each gets half of what is between them.
  private func padded(_ ranges: [SpeechRange], length: Int) -> [SpeechRange] {
    var ranges = ranges
    for index in ranges.indices {
      if index == 0 { ranges[0].startSample = max(0, ranges[0].startSample - padding) }
      guard index + 1 < ranges.count else {
        ranges[index].endSample = min(length, ranges[index].endSample + padding)
        break
      }
      let between = ranges[index + 1].startSample - ranges[index].endSample
      let share = between < 2 * padding ? between / 2 : padding
      ranges[index].endSample = min(length, ranges[index].endSample + share)
      ranges[index + 1].startSample = max(0, ranges[index + 1].startSample - share)
    }
    return ranges
  }
}
