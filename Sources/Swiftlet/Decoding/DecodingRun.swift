// One window's decoding, from its prompt to a hypothesis that can be trusted: a state machine, so that many can share a step.

import Foundation
import SwiftletBasics
import SwiftletText
import SwiftletWhisper

/// What ``DecodingSteps`` advances: it says which sequences the next step runs, and takes their logits.
protocol SteppedDecoding: AnyObject {
  /// Side by side over the same audio, each with pending tokens; none when all is done.
  var sequences: [TextSequence] { get }
  /// Of the pending tokens of the first sequence, the one whose logits are wanted besides the last one's.
  var extraRow: Int? { get }
  /// Takes the logits that follow each of `sequences`; before them, if there is an `extraRow`, its own.
  func advance(_ logits: LogitRows)
}

/// Decodes one window at one temperature after the other, until a hypothesis can be trusted.
///
/// It owns its sequences until it is done; whoever made it gives it the logits of its steps, alone or with others.
final class DecodingRun: SteppedDecoding {
  /// Nil until all is done.
  private(set) var result: DecodingResult?
  /// Whether the hypothesis is not to be trusted because the sound was folded: nothing but decoding from the whole window
  /// will do.
  private(set) var needsWholeWindow = false

  private let setting: RunSetting
  private var settings: DecodingSettings { setting.settings }
  private var prompt: DecodingPrompt { setting.prompt }
  private var tokenizer: Tokenizer { setting.tokenizer }
  private var attempt = 0
  private var search: any TokenSearch
  private var noSpeechProbability: Double?
  private var steps = 0
  /// What came of each temperature so far.
  private var attempts: [DecodingResult] = []

  /// - Parameters:
  ///   - sequences: none used yet, over the window's audio. More are taken for a temperature that needs more.
  ///   - foldedLimit: where the silent end of the window was folded, the most tokens that can have been said; such a window
  ///     gets one attempt.
  ///   - window: what tells this window from others of the recording: the random numbers depend on it.
  init(
    settings: DecodingSettings, prompt: DecodingPrompt, sequences: SequenceLoan, tokenizer: Tokenizer,
    contextLength: Int, foldedLimit: Int? = nil, window: Int = 0
  ) {
    var generator = SeededGenerator(
      seed: settings.options.decoding.seed &+ UInt64(truncatingIfNeeded: window))
    setting = RunSetting(
      settings: settings, prompt: prompt, sequences: sequences, tokenizer: tokenizer,
      contextLength: contextLength, foldedLimit: foldedLimit, seed: generator.next())
    sequences.first(1)[0].push(prompt.tokens)
    search = setting.makeSearch(0)
  }

  var sequences: [TextSequence] { result == nil ? search.sequences : [] }

  var extraRow: Int? {
    // Where the prompt ends with the start of the transcript, the row is there anyhow.
    noSpeechProbability == nil && prompt.startOfTranscript + 1 < prompt.tokens.count
      ? prompt.startOfTranscript : nil
  }

  func advance(_ logits: LogitRows) {
    var logits = logits
    if noSpeechProbability == nil {
      let hasOwnRow = extraRow != nil
      noSpeechProbability = logits.matrix.withRow(logits.first) { row in
        Double(exp(row[tokenizer.specials.noSpeech] - logits.context.logSumExp(row)))
      }
      if hasOwnRow { logits.first += 1 }
    }
    search.advance(logits)
    if search.sequences.isEmpty { finishAttempt() }
  }

  private func finishAttempt() {
    let temperature = settings.temperatures[attempt]
    let best = search.best
    let chosen = best.tokens.count - prompt.given.count
    steps += chosen + 1
    let text = tokenizer.decode(best.tokens).trimmingCharacters(in: .whitespacesAndNewlines)
    let found = DecodingResult(
      tokens: best.tokens, logProbabilities: best.logProbabilities, isComplete: best.isComplete,
      temperature: temperature, averageLogProbability: Double(best.sum) / Double(chosen + 1),
      compressionRatio: compressionRatio(of: text), noSpeechProbability: noSpeechProbability ?? 0,
      steps: steps)
    if setting.foldedLimit != nil {
      needsWholeWindow =
        !best.isComplete || found.compressionRatio > TailFolding.compressionRatioLimit
        || settings.needsFallback(found)
      result = found
    } else if attempt + 1 < settings.temperatures.count, settings.needsFallback(found) {
      attempt += 1
      attempts.append(found)
      beginAttempt()
    } else if settings.needsFallback(found) {
      result = settings.kept(of: attempts + [found])
      result?.steps = steps
    } else {
      result = found
    }
    result?.firstLogProbability =
      (attempts + [found]).first { $0.compressionRatio <= TailFolding.compressionRatioLimit }?
      .averageLogProbability
  }

  /// The prompt has been consumed before; all but its last token is still there.
  private func beginAttempt() {
    let consumed = prompt.tokens.count - 1
    let first = setting.sequences.first(1)[0]
    first.rewind(to: consumed)
    first.push(prompt.tokens[consumed])
    search = setting.makeSearch(attempt)
  }
}

/// What all attempts at a window have in common.
private struct RunSetting {
  let settings: DecodingSettings
  let prompt: DecodingPrompt
  let sequences: SequenceLoan
  let tokenizer: Tokenizer
  let contextLength: Int
  let foldedLimit: Int?
  let seed: UInt64

  func makeSearch(_ attempt: Int) -> any TokenSearch {
    let temperature = settings.temperatures[attempt]
    let beginning = SearchBeginning(
      sequences: sequences.first(settings.hypotheses(at: temperature)),
      promptLength: prompt.tokens.count, given: prompt.given, rules: settings.rules, ranker: settings.ranker,
      endOfText: tokenizer.specials.endOfText, limit: min(foldedLimit ?? .max, contextLength / 2),
      contextLength: contextLength)
    if temperature == 0, settings.options.effectiveBeamSize > 1 {
      return BeamSearch(beginning, patience: settings.options.decoding.patience)
    }
    return SamplingSearch(
      beginning, temperature: temperature, seed: seed &+ UInt64(attempt),
      vocabularySize: tokenizer.vocabularySize)
  }
}
