// The options of a transcription, in the tokens and numbers of one model.

import SwiftletText
import SwiftletWhisper

/// All that decoding a window depends on besides its sound and its prompt.
struct DecodingSettings: Hashable, Sendable {
  var options: TranscriptionOptions
  /// Those of the options that are about tokens.
  var rules: LogitRules
  let ranker: HypothesisRanker

  init(_ options: TranscriptionOptions, tokenizer: Tokenizer) {
    self.options = options
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
  }

  /// Tried one after the other until a hypothesis can be trusted.
  var temperatures: [Double] { options.fallback.temperatures }

  /// Hypotheses at `temperature`.
  func hypotheses(at temperature: Double) -> Int {
    temperature > 0 ? options.decoding.bestOf : options.effectiveBeamSize
  }

  /// Whether to decode once more at a higher temperature (`decode_with_fallback` in openai-whisper's `transcribe.py`).
  func needsFallback(_ result: DecodingResult) -> Bool {
    let limits = options.fallback
    let isImprobable = limits.logProbabilityThreshold.map { result.averageLogProbability < $0 } ?? false
    if isImprobable, let silence = limits.noSpeechThreshold, result.noSpeechProbability > silence {
      return false
    }
    return isImprobable || (limits.compressionRatioThreshold.map { result.compressionRatio > $0 } ?? false)
  }

  /// What to keep of hypotheses at all temperatures, none of which can be trusted: the most probable that does not repeat itself,
  /// as faster-whisper does, or in sequential transcription the last, as openai-whisper does.
  func kept(of attempts: [DecodingResult]) -> DecodingResult? {
    guard !options.sequential else { return attempts.last }
    let limit = options.fallback.compressionRatioThreshold ?? .infinity
    let varied = attempts.filter { $0.compressionRatio <= limit }
    return (varied.isEmpty ? attempts : varied).max { $0.averageLogProbability < $1.averageLogProbability }
  }

  /// Whether nobody speaks in the window.
  func isSilent(_ result: DecodingResult) -> Bool {
    guard let silence = options.fallback.noSpeechThreshold, result.noSpeechProbability > silence else {
      return false
    }
    return options.fallback.logProbabilityThreshold.map { result.averageLogProbability <= $0 } ?? true
  }
}

extension TranscriptionOptions {
  /// Sequences that decoding a window uses at once, as long as it does not fall back.
  var firstHypotheses: Int {
    fallback.temperatures.first.map { $0 > 0 ? decoding.bestOf : effectiveBeamSize } ?? 1
  }
}
