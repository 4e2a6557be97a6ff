// Live sound, step after step, to words that are certain and words that are guessed.

import SwiftletAudio
import SwiftletText

/// Decodes the sound since the last cut again and again, each time as the continuation of what is committed in it.
///
/// The committed words are given to the decoder as the beginning of its text, so that every hypothesis continues them; they
/// are consumed in one step, which costs far less than choosing them again.
final class StreamingTranscription {
  private let spectrogram: LogMelSpectrogram
  private let options: StreamingOptions
  private let temperatures: [Double]
  private let decoder: FallbackDecoder
  private let aligner: WordAligner
  private let blank: SuppressTokens?
  private let watch: SpeechWatch?
  private var buffer = StreamingBuffer()
  private var agreement = LocalAgreement()
  private let prompts: StreamingPrompt
  private var history: PromptHistory
  /// Where the last committed word ends, in seconds.
  private var lastEnd = 0.0
  private var isBeginning = true
  /// The sample of the stream up to which the last hypothesis goes.
  private var decodedEnd = 0
  /// Whether that hypothesis could not be trusted, and was dropped.
  private var wasDropped = false

  /// Seconds of silence after speech that are decoded with it.
  private static let silenceKept = 0.4
  /// A word that ends within this many seconds of the last sound is not committed yet: too little is known of what follows.
  private static let unsettled = 0.6
  /// Seconds before speech is noticed that may belong to it.
  private static let onset = 0.5
  /// Seconds of sound that a window holds, less what rounding takes.
  private static let windowLimit = 29.9

  /// - Parameter job: with options as they were asked for.
  init(_ job: TranscriptionJob, streaming: StreamingOptions) throws {
    options = streaming
    let dimensions = job.scheduler.network.dimensions
    spectrogram = LogMelSpectrogram(bins: dimensions.melBins)
    watch = streaming.detectsSilence ? SpeechWatch(job.detector.network) : nil
    prompts = StreamingPrompt(specials: job.tokenizer.specials, contextLength: dimensions.textContext)
    temperatures = job.options.fallback.temperatures
    var job = job
    job.options.decoding.beamSize = job.options.streamingBeamSize
    job.options.windows.conditionOnPreviousText = job.options.windows.conditionOnPreviousText ?? true
    history = PromptHistory(
      job.options, tokenizer: job.tokenizer, contextLength: dimensions.textContext)
    // Words are timed by their attention. What is given can't have timestamps that are right once more is heard.
    job.options.windows.timestamps = false
    decoder = try FallbackDecoder(job, isLive: true)
    aligner = WordAligner(slot: decoder.slot, tokenizer: job.tokenizer)
    blank = decoder.settings.rules.blank
  }

  /// Samples that the next step may hear at most: what the buffer is to hold, so that most of it can be agreed on in the step
  /// after it.
  var room: Int {
    guard options.skipsSteps else { return stepSamples }
    let seconds =
      min(Self.windowLimit, max(options.bufferLimit, buffer.seconds + options.step)) - buffer.seconds
    return Int(seconds * Double(AudioDecoder.sampleRate))
  }

  /// Samples that a step hears at least.
  var stepSamples: Int { Int(options.step * Double(AudioDecoder.sampleRate)) }

  /// Hears what came.
  ///
  /// - Parameters:
  ///   - sound: 16 kHz mono, at most ``room`` samples.
  ///   - isLast: whether nothing comes after it; then everything is committed.
  func hear(_ sound: [Float], isLast: Bool) throws -> StreamingUpdate {
    let clock = ContinuousClock()
    let begin = clock.now
    let position = Double(buffer.end + sound.count) / Double(AudioDecoder.sampleRate)
    buffer.append(sound)
    watch?.hear(sound)
    var committed: [HeardWord] = []
    let audibleEnd = audibleEnd
    if audibleEnd > buffer.begin {
      if audibleEnd > decodedEnd || isLast && wasDropped {
        let hypothesis = try hypothesis(upTo: audibleEnd, isLast: isLast || isFull)
        wasDropped = hypothesis == nil
        if let hypothesis {
          // Silence after a word settles it.
          let limit =
            audibleEnd < buffer.end
            ? Double.infinity : Double(audibleEnd) / Double(AudioDecoder.sampleRate) - Self.unsettled
          committed += commit(agreement.take(hypothesis, before: limit))
        }
        decodedEnd = audibleEnd
      } else {
        // Nothing was said since the last hypothesis, so that another one would be the same.
        committed += commit(agreement.finish())
      }
    }
    if isLast { committed += commit(agreement.finish()) }
    committed += cut(audibleEnd: audibleEnd)
    return StreamingUpdate(
      committed: committed.map(\.word), partial: agreement.pending.map(\.word),
      language: decoder.knownLanguage?.code, languageProbability: decoder.languageProbability,
      position: position, elapsed: (clock.now - begin) / .seconds(1))
  }

  /// Up to which sample of the stream there is something to hear.
  private var audibleEnd: Int {
    guard let watch else { return buffer.end }
    guard let speechEnd = watch.speechEnd, speechEnd > buffer.begin else { return buffer.begin }
    return min(buffer.end, speechEnd + Int(Self.silenceKept * Double(AudioDecoder.sampleRate)))
  }

  /// Whether there is no room for another step's sound.
  private var isFull: Bool { buffer.seconds > Self.windowLimit - options.step }

  private func commit(_ words: [HeardWord]) -> [HeardWord] {
    guard !words.isEmpty else { return [] }
    var times = words.map(\.word)
    times.fit(
      from: TimeSpan.milliseconds(lastEnd) ?? 0, to: buffer.end / (AudioDecoder.sampleRate / 1_000))
    let ordered = zip(words, times).map { HeardWord(word: $1, tokens: $0.tokens) }
    lastEnd = times.last?.end ?? lastEnd
    buffer.append(ordered)
    isBeginning = false
    return ordered
  }

  /// Drops sound that need not be heard again.
  ///
  /// - Returns: what had to be committed for it.
  private func cut(audibleEnd: Int) -> [HeardWord] {
    if agreement.pending.isEmpty, audibleEnd < buffer.end, audibleEnd <= max(decodedEnd, buffer.begin) {
      // A pause, and all before it is committed.
      let kept = Self.onset * Double(AudioDecoder.sampleRate)
      forget(
        buffer.cut(at: (Double(max(audibleEnd, buffer.end - Int(kept)))) / Double(AudioDecoder.sampleRate)))
    } else if buffer.seconds > options.bufferLimit {
      forget(buffer.cut(limit: options.bufferLimit, before: agreement.pending.first))
    }
    forget(buffer.cut(tokenLimit: prompts.givenLimit, before: agreement.pending.first))
    guard isFull else { return [] }
    // No two hypotheses agreed on anything in half a minute.
    let forced = commit(agreement.finish())
    let end = buffer.start + buffer.seconds
    forget(buffer.cut(at: forced.isEmpty ? end - Self.onset : min(end, lastEnd)))
    return forced
  }

  private func forget(_ words: [HeardWord]) {
    guard !words.isEmpty else { return }
    history.append(words.flatMap(\.tokens), temperature: 0)
  }

  /// What follows the committed words in the buffer; nil where the hypothesis can't be trusted.
  ///
  /// - Parameter isLast: whether the sound won't be heard again, so that the best hypothesis is taken.
  private func hypothesis(upTo end: Int, isLast: Bool) throws -> [HeardWord]? {
    let sound = Array(buffer.samples[..<(end - buffer.begin)])
    guard sound.count >= 2 * LogMelSpectrogram.hop else { return [] }
    var window = spectrogram.window(of: sound)
    window.firstFrame = buffer.begin / LogMelSpectrogram.hop
    let given = buffer.said.flatMap(\.tokens)
    // Nothing may follow what is given.
    decoder.settings.rules.blank = given.isEmpty ? blank : nil
    // Other temperatures cost too much before the end; the next step is another chance.
    decoder.settings.options.fallback.temperatures = isLast ? temperatures : Array(temperatures.prefix(1))
    // Between steps, others may have the place.
    defer { decoder.slot.release() }
    let previous = history.previous
    var startSequence: [Int] = []
    let result = try decoder.decode(window, detecting: isBeginning) { start in
      startSequence = start
      return prompts.prompt(previous: previous, start: start, given: given)
    }
    if given.isEmpty, decoder.settings.isSilent(result) { return [] }
    if !isLast, decoder.settings.needsFallback(result) { return nil }
    return try words(
      of: prompts.alignable(result.tokens, start: startSequence), after: given.count, in: window)
  }

  /// The words of `tokens` after the first `given`.
  private func words(of tokens: [Int], after given: Int, in window: LogMelWindow) throws -> [HeardWord] {
    // The rest of a character comes with the next hypothesis.
    let tokens = decoder.tokenizer.wholeCharacters(of: tokens)
    var timings = try aligner.timings(
      of: tokens,
      in: AlignmentInput(
        start: window.start, frames: window.contentFrames, language: decoder.spokenLanguage,
        task: decoder.settings.options.task.speechTask))
    timings.shortenAtSentenceEnds(WordDurations(timings))
    timings.mergePunctuation()
    var words: [HeardWord] = []
    var end = 0
    for timing in timings where timing.tokens > 0 {
      let first = end
      end += timing.tokens
      guard end > given else { continue }
      let own = Array(tokens[max(first, given)..<end])
      var word = Word(timing, windowStart: window.start)
      // A mark after the last committed word.
      if first < given { word.text = decoder.tokenizer.text(of: own) }
      words.append(HeardWord(word: word, tokens: own))
    }
    return words
  }
}
