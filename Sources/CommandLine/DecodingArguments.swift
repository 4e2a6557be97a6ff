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
      discussion: "Without timestamps, each window is one segment and gets no previous text as prompt."))
  var timestamps = true

  @Option(help: "Latest start of a window's first segment in seconds, with timestamps; 'none' disables it.")
  var maxInitialTimestamp = Threshold(standard.windows.maxInitialTimestamp)

  @Flag(help: "Find each word's times and probability (shown by --json); segments start and end at words.")
  var wordTimestamps = false

  @Option(
    help: ArgumentHelp(
      "With --sequential and --word-timestamps, drop suspicious text next to N seconds of silence; 'none' disables it."
    ))
  var hallucinationSilenceThreshold = Threshold(standard.words.hallucinationSilenceThreshold)

  @Option(
    help:
      "Hypotheses in beam search at temperature 0; 1 decodes greedily (default: 5, or 1 with --sequential)."
  )
  var beamSize: Int?

  @Option(help: "Stop beam search once N times --beam-size hypotheses have ended.")
  var patience = standard.decoding.patience

  @Option(help: "Samples to draw at temperatures above 0; the best one is kept.")
  var bestOf = standard.decoding.bestOf

  @Option(
    help: "Preference for longer hypotheses, 0 to 1; 'none' compares mean log-probabilities per token.")
  var lengthPenalty = Threshold(standard.decoding.lengthPenalty)

  @Option(
    parsing: .unconditional,
    help: "First temperature, 0 to 10; 0 takes the most probable token, higher ones sample tokens.")
  var temperature = 0.0

  @Option(
    parsing: .unconditional,
    help:
      "Raise the temperature in steps of this size, 0.01 or more, up to 1, until the thresholds are met; 'none' disables it."
  )
  var temperatureIncrementOnFallback = Threshold(0.2)

  @Option(help: "Decode repetitive text again: text that compresses better than this; 'none' disables it.")
  var compressionRatioThreshold = Threshold(standard.fallback.compressionRatioThreshold)

  @Option(
    parsing: .unconditional,
    help: "Decode text again if its mean log-probability is below this; 'none' disables it.")
  var logprobThreshold = Threshold(standard.fallback.logProbabilityThreshold)

  @Option(
    help:
      "Treat a window as silence above this no-speech probability if it fails --logprob-threshold; 'none' disables it."
  )
  var noSpeechThreshold = Threshold(standard.fallback.noSpeechThreshold)

  @Option(help: "Seed for sampling; the same seed gives the same text.")
  var seed: UInt64 = 0

  @Option(
    parsing: .unconditional,
    help: "Token numbers never to write, separated by commas; -1 stands for all non-speech symbols.")
  var suppressTokens = NumberList(standard.decoding.suppressTokens)

  @Flag(inversion: .prefixedNo, help: "Never start a window with a space or leave it empty.")
  var suppressBlank = true

  @Option(help: "Penalty for repeating tokens within a window (1 = off).")
  var repetitionPenalty = standard.decoding.repetitionPenalty

  @Option(help: "Never write the same N tokens in a row twice in a window (0 = off).")
  var noRepeatNgramSize = standard.decoding.noRepeatNgramSize

  @Option(
    help:
      "Text to put before each chunk, for spelling, style and context; with --sequential, before the first window."
  )
  var initialPrompt: String?

  @Flag(help: "With --sequential, put the initial prompt before every window.")
  var carryInitialPrompt = false

  @Option(help: "Text that the first window starts with; it becomes part of the transcript.")
  var prefix: String?

  @Option(help: "Words that are likely to occur, such as names; put before every window.")
  var hotwords: String?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Give each window the previous text as prompt.",
      discussion: "Default: on with --sequential unless --no-timestamps, otherwise off."))
  var conditionOnPreviousText: Bool?

  @Flag(
    exclusivity: .exclusive,
    help: ArgumentHelp(
      "How to split a recording into windows.",
      discussion: """
        --batched, the default, cuts it at silences into chunks of at most 30 s and decodes them side by side. --sequential \
        decodes window after window as openai-whisper does, each given the previous text as prompt.
        """))
  var order = TranscriptionOrder.batched

  @Option(help: "Chunks to decode at once; not with --sequential.")
  var batchSize = standard.voiceActivity.batchSize

  @Option(help: "Longest chunk in seconds, 1 to 30; not with --sequential.")
  var chunkLength = standard.voiceActivity.chunkLength

  @Flag(
    name: [.customLong("vad"), .customLong("vad-filter")],
    help: "With --sequential, skip silences of 2 s or more (found by VAD).")
  var vadFilter = false

  @Option(help: "Probability at which speech begins, for chunks and --vad (default: 0.5).")
  var vadThreshold: Double?

  @Option(
    help: "Silence in seconds that ends speech, for chunks (default: 0.16) and --vad (default: 2).")
  var vadMinSilence: Double?

  @Option(help: "Sound in seconds to keep before and after speech, for chunks and --vad (default: 0.4).")
  var vadPadding: Double?

  @Flag(
    inversion: .prefixedNo,
    help: "Drop text that looks invented where VAD finds no speech.")
  var hallucinationGuard = true

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Transcribe again any speech (found by VAD) that the first pass skipped.",
      discussion:
        "Off with --padding zeros, --hallucination-silence-threshold, or --sequential and --no-timestamps together."
    ))
  var omissionGuard = true

  @Option(
    help: "Parts to transcribe, in seconds: start,end,start,end...; without the last end, up to the end.")
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
