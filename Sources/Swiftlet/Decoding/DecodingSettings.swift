// The options of a transcription, in the tokens and numbers of one model.

import SwiftletText
import SwiftletWhisper

/// All that decoding a window depends on besides its sound and its prompt.
struct DecodingSettings: Hashable, Sendable {
  var rules: LogitRules
  var ranker: HypothesisRanker
  /// Tried one after the other until a hypothesis can be trusted.
  var temperatures: [Double]
  /// Hypotheses at temperature 0, and above it.
  var beamSize: Int
  var bestOf: Int
  var patience: Double
  /// What a hypothesis is not trusted past; nil: whatever.
  var compressionRatioThreshold: Double?
  var logProbabilityThreshold: Double?
  var noSpeechThreshold: Double?
  var seed: UInt64
  /// Whether the most probable hypothesis is kept if none can be trusted, as faster-whisper does; otherwise the last, as
  /// openai-whisper does.
  var keepsMostProbable: Bool

  init(_ options: TranscriptionOptions, tokenizer: Tokenizer) {
    let specials = tokenizer.specials
    let asked = Set(options.decoding.suppressTokens)
    let nonSpeech = asked.contains(-1) ? tokenizer.nonSpeechTokens : []
    let prompting = tokenizer.suppressedTokens.filter { $0 > specials.endOfText }
    rules = LogitRules(
      repetitionPenalty: options.decoding.repetitionPenalty == 1
        ? nil
        : RepetitionPenalty(
          penalty: Float(options.decoding.repetitionPenalty), endOfText: specials.endOfText),
      repeatedNGrams: options.decoding.noRepeatNgramSize == 0
        ? nil : RepeatedNGrams(size: options.decoding.noRepeatNgramSize, endOfText: specials.endOfText),
      blank: options.decoding.suppressBlank ? SuppressTokens(tokens: tokenizer.blankTokens) : nil,
      suppressed: SuppressTokens(
        tokens: asked.union(nonSpeech).union(prompting).filter { $0 >= 0 }.sorted()),
      timestamps: options.windows.timestamps
        ? TimestampRules(specials, maximumInitial: options.windows.maxInitialTimestamp) : nil)
    ranker = HypothesisRanker(lengthPenalty: options.decoding.lengthPenalty)
    temperatures = options.fallback.temperatures
    beamSize = options.effectiveBeamSize
    bestOf = options.decoding.bestOf
    patience = options.decoding.patience
    compressionRatioThreshold = options.fallback.compressionRatioThreshold
    logProbabilityThreshold = options.fallback.logProbabilityThreshold
    noSpeechThreshold = options.fallback.noSpeechThreshold
    seed = options.decoding.seed
    keepsMostProbable = !options.sequential
  }

  /// Hypotheses at `temperature`.
  func hypotheses(at temperature: Double) -> Int { temperature > 0 ? bestOf : beamSize }

  /// Whether to decode once more at a higher temperature (`decode_with_fallback` in openai-whisper's `transcribe.py`).
  func needsFallback(_ result: DecodingResult) -> Bool {
    let isImprobable = logProbabilityThreshold.map { result.averageLogProbability < $0 } ?? false
    if isImprobable, let noSpeechThreshold, result.noSpeechProbability > noSpeechThreshold { return false }
    return isImprobable || (compressionRatioThreshold.map { result.compressionRatio > $0 } ?? false)
  }

  /// What to keep of hypotheses at all temperatures, none of which can be trusted.
  func kept(of attempts: [DecodingResult]) -> DecodingResult? {
    guard keepsMostProbable else { return attempts.last }
    let varied =
      compressionRatioThreshold.map { limit in attempts.filter { $0.compressionRatio <= limit } } ?? []
    return (varied.isEmpty ? attempts : varied).max { $0.averageLogProbability < $1.averageLogProbability }
  }

  /// Whether nobody speaks in the window.
  func isSilent(_ result: DecodingResult) -> Bool {
    guard let noSpeechThreshold, result.noSpeechProbability > noSpeechThreshold else { return false }
    return logProbabilityThreshold.map { result.averageLogProbability <= $0 } ?? true
  }
}

extension TranscriptionOptions {
  /// Chunks that are transcribed side by side: more than fit into a step of the decoder would wait for it, and hold memory.
  var chunksAtOnce: Int {
    min(voiceActivity.batchSize, max(1, TextDecoder.State.sequences / firstHypotheses))
  }

  /// Sequences that decoding a window uses at once, as long as it does not fall back.
  var firstHypotheses: Int {
    fallback.temperatures.first.map { $0 > 0 ? decoding.bestOf : effectiveBeamSize } ?? 1
  }
}
