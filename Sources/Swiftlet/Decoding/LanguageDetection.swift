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
  /// The languages to choose among, the most probable first; empty until the step has been taken.
  private(set) var ranking: [(language: Language, probability: Double)] = []
  private let specials: SpecialTokens
  private let candidates: [Language]

  /// - Parameters:
  ///   - sequence: a new one, over the window's audio.
  ///   - candidates: the languages to choose among, whose probabilities make 1; all if empty.
  init(sequence: TextSequence, specials: SpecialTokens, candidates: Set<Language> = []) {
    sequences = [sequence]
    self.specials = specials
    self.candidates = specials.languages.compactMap { specials.language(of: $0) }.filter {
      candidates.isEmpty || candidates.contains($0)
    }
    sequence.push(specials.startOfTranscript)
  }

  func advance(_ logits: LogitRows) {
    let values = logits.matrix.withRow(logits.first) { row in
      candidates.compactMap { specials[$0] }.map { Double(row[$0]) }
    }
    let largest = values.max() ?? 0
    let weights = values.map { exp($0 - largest) }
    let sum = weights.reduce(0, +)
    ranking = zip(candidates, weights).map { ($0, $1 / sum) }.sorted { $0.1 > $1.1 }
    sequences.removeAll()
  }
}
