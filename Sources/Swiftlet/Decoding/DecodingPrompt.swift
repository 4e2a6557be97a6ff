// What a window's decoding starts from: text before it, the start sequence, the beginning of its own text.

import Foundation
import SwiftletText

/// The tokens before those that are chosen.
struct DecodingPrompt: Hashable, Sendable {
  var tokens: [Int]
  /// The last of them that belong to the hypothesis: a prefix, with its timestamp if there are any.
  var given: [Int]
  /// Where `<|startoftranscript|>` stands; the logits there tell whether anybody speaks.
  var startOfTranscript: Int

  /// - Parameters:
  ///   - previous: text that came before, without `<|startofprev|>`.
  ///   - start: from `<|startoftranscript|>` on.
  init(previous: [Int], start: [Int], given: [Int], specials: SpecialTokens) {
    let before = previous.isEmpty ? [] : [specials.startOfPrevious] + previous
    tokens = before + start + given
    self.given = given
    startOfTranscript = before.count
  }
}

/// What was said so far, as far as the next window is told (`transcribe` of openai-whisper; hotwords as in faster-whisper's
/// `get_prompt`).
struct PromptHistory: Hashable, Sendable {
  /// Tokens of text before a window: half of the context, without `<|startofprev|>`.
  private let room: Int
  private let initial: [Int]
  private let hotwords: [Int]
  private let carriesInitial: Bool
  private let isConditioned: Bool
  /// Changes from window to window.
  var state = State()

  struct State: Hashable, Codable, Sendable {
    /// What came since the last reset, at most half of the context.
    var recent: [Int] = []
    var wasReset = false
  }

  /// Past this temperature, text is not trusted to help with what follows.
  private static let resetTemperature = 0.5

  init(_ options: TranscriptionOptions, tokenizer: Tokenizer, contextLength: Int) {
    room = contextLength / 2 - 1
    initial = options.initialPrompt.map { tokenizer.encode(spoken: $0) } ?? []
    hotwords =
      options.hotwords.map { Array(tokenizer.encode(spoken: $0).prefix(contextLength / 2 - 1)) } ?? []
    carriesInitial = options.carryInitialPrompt
    isConditioned = options.conditionsOnPreviousText
  }

  /// The text that goes before the next window. Hotwords come first, then the initial prompt if it is carried along; what
  /// came last has what room they leave.
  var previous: [Int] {
    let kept = carriesInitial ? hotwords + initial : hotwords
    let rest = carriesInitial || state.wasReset ? state.recent : initial + state.recent
    return (kept + rest.suffix(max(0, room - kept.count))).suffix(room)
  }

  /// Adds what a window's segments hold.
  mutating func append(_ tokens: [Int], temperature: Double) {
    state.recent = Array((state.recent + tokens).suffix(room))
    if !isConditioned || temperature > Self.resetTemperature {
      state = State(wasReset: true)
    }
  }
}

extension Tokenizer {
  /// The tokens of text as it would stand in a transcript: with a space before it.
  func encode(spoken text: String) -> [Int] {
    encode(" " + text.trimmingCharacters(in: .whitespacesAndNewlines))
  }
}
