// Which language is spoken in a window.

import Foundation
import SwiftletCompute
import SwiftletText
import SwiftletWhisper

/// The probabilities of the languages, by their tokens after the start of the transcript (openai-whisper's
/// `detect_language`). One step.
final class LanguageDetection: SteppedDecoding {
  private(set) var sequences: [TextSequence]
  let extraRow: Int? = nil
  /// The languages that the model knows, the most probable first; empty until the step has been taken.
  private(set) var ranking: [(language: Language, probability: Double)] = []
  private let specials: SpecialTokens

  /// - Parameter sequence: a new one, over the window's audio.
  init(sequence: TextSequence, specials: SpecialTokens) {
    sequences = [sequence]
    self.specials = specials
    sequence.push(specials.startOfTranscript)
  }

  func advance(_ logits: LogitRows) {
    let values = logits.matrix.withRow(logits.first) { row in specials.languages.map { Double(row[$0]) } }
    let largest = values.max() ?? 0
    let weights = values.map { exp($0 - largest) }
    let sum = weights.reduce(0, +)
    let languages = specials.languages.compactMap { specials.language(of: $0) }
    ranking = zip(languages, weights).map { ($0, $1 / sum) }.sorted { $0.1 > $1.1 }
    sequences.removeAll()
  }
}
