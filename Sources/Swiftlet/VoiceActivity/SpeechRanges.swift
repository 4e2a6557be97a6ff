// Probabilities to stretches of speech.

/// Finds the stretches of speech in a sequence of probabilities, as Silero's `get_speech_timestamps` does, while they come.
struct SpeechRanges {
  private let threshold: Float
  private let exitThreshold: Float
  private let minimumSpeech: Int
  private let maximumSpeech: Int
  private let minimumSilence: Int
  private let minimumSilenceAtCut: Int
  private let padding: Int

  /// Samples that have been looked at.
  private var now = 0
  private var start: Int?
  /// Where the silence began that may be the end.
  private var silence: Int?
  /// Silences within this stretch at which it may be cut.
  private var pauses: [Range<Int>] = []
  /// The last stretch, padded at its beginning; how much it gets at its end depends on the next.
  private var last: SpeechRange?
  /// How much the stretch that has begun gets at its beginning, once that is known.
  private var lead: Int?
  private var finished: [SpeechRange] = []

  /// - Parameter options: that have been checked.
  init(_ options: VoiceActivityOptions) {
    func samples(_ seconds: Double) -> Int {
      // What is longer than any recording is as good as that.
      Int(min(seconds * Double(VoiceActivityDetector.sampleRate), 1e15).rounded())
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

  /// All stretches of a recording.
  ///
  /// - Parameters:
  ///   - probabilities: one for each window.
  ///   - length: samples of sound.
  static func of(_ probabilities: [Float], length: Int, _ options: VoiceActivityOptions) -> [SpeechRange] {
    var ranges = SpeechRanges(options)
    return ranges.add(probabilities) + ranges.finish(length: length)
  }

  /// Takes the probabilities of the next windows.
  ///
  /// - Returns: the stretches that are certain now, in order.
  mutating func add(_ probabilities: [Float]) -> [SpeechRange] {
    for probability in probabilities { add(probability) }
    if let start, (silence ?? now) - start > minimumSpeech {
      lead = settle(before: start) ?? lead
    } else if let last, start == nil, now - last.endSample >= 2 * padding {
      settle(before: now)
    }
    defer { finished = [] }
    return finished
  }

  /// The rest, at the end of the sound.
  ///
  /// - Parameter length: samples of sound.
  mutating func finish(length: Int) -> [SpeechRange] {
    end(at: length, ifLongerThan: minimumSpeech)
    if let last {
      finished.append(
        SpeechRange(startSample: last.startSample, endSample: min(length, last.endSample + padding)))
    }
    last = nil
    defer { finished = [] }
    return finished
  }

  /// The first sample that a stretch which has not been returned may end at.
  var earliestEnd: Int { last?.endSample ?? now }

  /// The first sample that a stretch may still begin with.
  var earliest: Int { last?.startSample ?? max(0, (start ?? now) - padding) }

  private mutating func add(_ probability: Float) {
    defer { now += VoiceActivityDetector.windowSamples }
    if probability >= threshold, let begin = silence {
      if now - begin > minimumSilenceAtCut { pauses.append(begin..<now) }
      silence = nil
    }
    guard let begin = start else {
      if probability >= threshold { start = now }
      return
    }
    if now - begin > maximumSpeech {
      // Of several that are equally long it is the first.
      guard let pause = pauses.max(by: { $0.count < $1.count }) else { return end(at: now) }
      end(at: pause.lowerBound)
      start = pause.upperBound
    }
    if probability < exitThreshold {
      let begin = silence ?? now
      silence = begin
      if now - begin >= minimumSilence { end(at: begin, ifLongerThan: minimumSpeech) }
    }
  }

  private mutating func end(at sample: Int, ifLongerThan least: Int = -1) {
    if let begin = start, sample - begin > least { pad(SpeechRange(startSample: begin, endSample: sample)) }
    start = nil
    silence = nil
    pauses = []
  }

  /// Adds the padding at both ends; where two stretches are too close for it, each gets half of what is between them.
  private mutating func pad(_ range: SpeechRange) {
    var range = range
    range.startSample = max(0, range.startSample - (settle(before: range.startSample) ?? lead ?? padding))
    lead = nil
    last = range
  }

  /// Ends the last stretch, if there is one, given where the next begins.
  ///
  /// - Returns: how much padding there is between them for each.
  @discardableResult
  private mutating func settle(before next: Int) -> Int? {
    guard let last else { return nil }
    let between = next - last.endSample
    let share = between < 2 * padding ? between / 2 : padding
    finished.append(SpeechRange(startSample: last.startSample, endSample: last.endSample + share))
    self.last = nil
    return share
  }
}
