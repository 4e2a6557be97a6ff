// How tokens are chosen and windows follow each other: the flags, named as openai-whisper's and faster-whisper's.

import ArgumentParser
import Swiftlet

/// A number, or `none`.
struct Threshold: ExpressibleByArgument {
  var value: Double?

  init(_ value: Double?) { self.value = value }

  init?(argument: String) {
    if argument.lowercased() == "none" {
      value = nil
    } else if let number = Double(argument), !number.isNaN {
      value = number
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { value.map { "\($0)" } ?? "none" }
}

/// Numbers with commas in between.
struct NumberList<Number: LosslessStringConvertible & Sendable>: ExpressibleByArgument {
  var values: [Number]

  init(_ values: [Number]) { self.values = values }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: true)
    values = parts.compactMap { Number($0.trimmingPrefix { $0 == " " }.description) }
    guard values.count == parts.count else { return nil }
  }

  var defaultValueDescription: String { values.map(\.description).joined(separator: ",") }
}

/// How to go through a recording.
enum TranscriptionOrder: EnumerableFlag {
  case batched
  case sequential
}

struct DecodingArguments: ParsableArguments {
  private static let standard = TranscriptionOptions()

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "With --sequential, cut windows into segments at Whisper's timestamps.",
      discussion: "Without, each window is one segment and is not told what was said before it."))
  var timestamps = true

  @Option(help: "With timestamps, a window's first segment begins within so many seconds, or none.")
  var maxInitialTimestamp = Threshold(standard.windows.maxInitialTimestamp)

  @Flag(help: "Find out when each word was said (with --json); segments begin and end with their words.")
  var wordTimestamps = false

  @Option(
    help: ArgumentHelp(
      "With --sequential and word timestamps, leave out what looks invented next to this many seconds of silence."
    ))
  var hallucinationSilenceThreshold = Threshold(standard.words.hallucinationSilenceThreshold)

  @Option(
    help:
      "Hypotheses of beam search at temperature 0; 1 is greedy decoding (default: 5, or 1 with --sequential)."
  )
  var beamSize: Int?

  @Option(help: "Beam search waits for so many times the beam size of hypotheses to end.")
  var patience = standard.decoding.patience

  @Option(help: "Samples at temperatures above 0, of which the best is taken.")
  var bestOf = standard.decoding.bestOf

  @Option(
    help: "How much longer hypotheses are favoured, 0 to 1, or none to compare log-probabilities a token.")
  var lengthPenalty = Threshold(standard.decoding.lengthPenalty)

  @Option(
    parsing: .unconditional,
    help: "First temperature, 0 to 10; 0 takes the most probable token, above it tokens are sampled.")
  var temperature = 0.0

  @Option(
    parsing: .unconditional,
    help:
      "Raise the temperature by this, at least 0.01 and up to 1, while the thresholds are not met; 'none' disables it."
  )
  var temperatureIncrementOnFallback = Threshold(0.2)

  @Option(help: "Text that compresses better than this repeats itself and is decoded again, or none.")
  var compressionRatioThreshold = Threshold(standard.fallback.compressionRatioThreshold)

  @Option(
    parsing: .unconditional,
    help: "What has a lower mean log-probability is decoded again, or none.")
  var logprobThreshold = Threshold(standard.fallback.logProbabilityThreshold)

  @Option(
    help:
      "A window is silent if that is more probable than this and its text is below the log-probability threshold, or none."
  )
  var noSpeechThreshold = Threshold(standard.fallback.noSpeechThreshold)

  @Option(help: "The seed of random numbers; the same seed gives the same text.")
  var seed: UInt64 = 0

  @Option(
    parsing: .unconditional,
    help: "Numbers of tokens never to write, with commas in between; -1 stands for all that is not speech.")
  var suppressTokens = NumberList(standard.decoding.suppressTokens)

  @Flag(inversion: .prefixedNo, help: "Never begin a window with a space, or leave it empty.")
  var suppressBlank = true

  @Option(help: "What logits of words already written in a window are divided by; 1 for no penalty.")
  var repetitionPenalty = standard.decoding.repetitionPenalty

  @Option(help: "Runs of so many words are not written twice in a window; 0 allows them.")
  var noRepeatNgramSize = standard.decoding.noRepeatNgramSize

  @Option(
    help:
      "Text that goes before each chunk, for spelling, style and context; with --sequential, before the first window."
  )
  var initialPrompt: String?

  @Flag(help: "With --sequential, put the initial prompt before every window.")
  var carryInitialPrompt = false

  @Option(help: "The text with which the first window begins; it becomes part of the transcript.")
  var prefix: String?

  @Option(help: "Words that are likely to occur; they go before every window.")
  var hotwords: String?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Tell each window what was said before it.",
      discussion: "By default only with --sequential, unless --no-timestamps."))
  var conditionOnPreviousText: Bool?

  @Flag(
    exclusivity: .exclusive,
    help: ArgumentHelp(
      "How to go through a recording.",
      discussion: """
        --batched, the default, cuts it at silences into chunks of at most 30 s and decodes them side by side. --sequential \
        decodes window after window as openai-whisper does, each told what was said before it.
        """))
  var order = TranscriptionOrder.batched

  @Option(help: "Chunks that are decoded at once; not with --sequential.")
  var batchSize = standard.voiceActivity.batchSize

  @Option(help: "Seconds of the longest chunk, 1 to 30; not with --sequential.")
  var chunkLength = standard.voiceActivity.chunkLength

  @Flag(
    name: [.customLong("vad"), .customLong("vad-filter")],
    help: "With --sequential, pass over silences of 2 s and more, found by voice activity.")
  var vadFilter = false

  @Option(help: "The probability at which speech begins, for chunks and --vad (default: 0.5).")
  var vadThreshold: Double?

  @Option(
    help: "Seconds of silence that end speech, for chunks (default: 0.16) and --vad (default: 2).")
  var vadMinSilence: Double?

  @Option(help: "Seconds added before and after speech, for chunks and --vad (default: 0.4).")
  var vadPadding: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Leave out text that looks invented where voice activity finds no speech.")
  var hallucinationGuard = true

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Hear again speech that no word was written for, where voice activity finds it.",
      discussion:
        "Not with --padding zeros, --hallucination-silence-threshold, or both --sequential and --no-timestamps."
    ))
  var omissionGuard = true

  @Option(
    help: "What to transcribe: start,end,start,end... in seconds; without the last end, to the end.")
  var clipTimestamps = NumberList(standard.clipTimestamps)

  @Flag(help: "Detect the language of each window.")
  var multilingual = false

  func apply(to options: inout TranscriptionOptions) {
    options.windows.timestamps = timestamps
    options.windows.maxInitialTimestamp = maxInitialTimestamp.value
    options.words.timestamps = wordTimestamps
    options.words.hallucinationSilenceThreshold = hallucinationSilenceThreshold.value
    options.decoding.beamSize = beamSize
    options.decoding.patience = patience
    options.decoding.bestOf = bestOf
    options.decoding.lengthPenalty = lengthPenalty.value
    // Those that are wrong have been refused; without any, the library refuses.
    options.fallback.temperatures = (try? temperatures) ?? []
    options.fallback.compressionRatioThreshold = compressionRatioThreshold.value
    options.fallback.logProbabilityThreshold = logprobThreshold.value
    options.fallback.noSpeechThreshold = noSpeechThreshold.value
    options.decoding.seed = seed
    options.decoding.suppressTokens = suppressTokens.values
    options.decoding.suppressBlank = suppressBlank
    options.decoding.repetitionPenalty = repetitionPenalty
    options.decoding.noRepeatNgramSize = noRepeatNgramSize
    options.initialPrompt = initialPrompt
    options.carryInitialPrompt = carryInitialPrompt
    options.prefix = prefix
    options.hotwords = hotwords
    options.windows.conditionOnPreviousText = conditionOnPreviousText
    options.voiceActivity.filter = vadFilter
    options.sequential = order == .sequential
    options.voiceActivity.batchSize = batchSize
    options.voiceActivity.chunkLength = chunkLength
    options.voiceActivity.rules = voiceActivity
    options.voiceActivity.hallucinationGuard = hallucinationGuard
    options.voiceActivity.omissionGuard = omissionGuard
    options.clipTimestamps = clipTimestamps.values
    options.detectLanguagePerWindow = multilingual
  }

  func validate() throws {
    do {
      _ = try temperatures
    } catch {
      throw ValidationError("\(error)")
    }
  }

  /// Nil for the defaults.
  private var voiceActivity: VoiceActivityOptions? {
    guard vadThreshold != nil || vadMinSilence != nil || vadPadding != nil else { return nil }
    var rules = order == .sequential ? VoiceActivityOptions.filter : .chunks
    rules.threshold = vadThreshold ?? rules.threshold
    rules.minimumSilence = vadMinSilence ?? rules.minimumSilence
    rules.padding = vadPadding ?? rules.padding
    return rules
  }

  private var temperatures: [Double] {
    get throws(SwiftletError) {
      try TranscriptionOptions.Fallback.temperatures(
        from: temperature, increment: temperatureIncrementOnFallback.value)
    }
  }
}
