// Beam search: several hypotheses, the best continuations of all of them at every step.

import SwiftletCompute
import SwiftletWhisper

/// openai-whisper's `BeamSearchDecoder`: at every step the `size` best continuations of all hypotheses go on; those that end
/// on the way are set aside, until there are `size · patience` of them (Kasai et al., "A call for clarity in beam search",
/// 2022).
///
/// Sums are fp32, and of equal ones the earlier hypothesis comes first, as there. Continuations of probability 0 are left
/// out, where openai-whisper carries them along.
final class BeamSearch: TokenSearch {
  private(set) var sequences: [TextSequence]
  private var hypotheses: [Hypothesis]
  private var finished: [Hypothesis] = []
  /// Sequences that no hypothesis has, and the tokens after the prompt that they have consumed; nil if not even the prompt.
  private var spare: [(sequence: TextSequence, tokens: [Int]?)]
  private let beginning: SearchBeginning
  private let size: Int
  private let wanted: Int
  private var ranked: [RankedValue] = []

  /// - Parameter patience: times `beginning.sequences.count`, the number of hypotheses that must have ended.
  init(_ beginning: SearchBeginning, patience: Double) {
    self.beginning = beginning
    size = beginning.sequences.count
    wanted = max(1, Int((Double(size) * patience).rounded(.toNearestOrEven)))
    sequences = Array(beginning.sequences.prefix(1))
    spare = beginning.sequences.dropFirst().map { ($0, nil) }
    hypotheses = [beginning.hypothesis]
  }

  private struct Candidate {
    var source: Int
    var token: Int
    var logProbability: Float
    var sum: Float
  }

  func advance(_ logits: LogitRows) {
    let candidates = candidates(logits)
    var survivors: [Candidate] = []
    for candidate in candidates {
      if candidate.token != beginning.endOfText {
        survivors.append(candidate)
        if survivors.count == size { break }
      } else if finished.count < wanted {
        var hypothesis = hypotheses[candidate.source]
        hypothesis.sum = candidate.sum
        hypothesis.isComplete = true
        finished.append(hypothesis)
      }
    }
    fork(survivors)
    if finished.count >= wanted || hypotheses.first.map(beginning.isFull) ?? true {
      sequences.removeAll()
    }
  }

  var best: Hypothesis {
    // Too few have ended: the best of the others count as well.
    let unfinished = hypotheses.sorted { $0.sum > $1.sum }.prefix(max(0, size - finished.count))
    return beginning.best(of: finished + unfinished)
  }

  /// The best continuations of each hypothesis, the best of all first.
  private func candidates(_ logits: LogitRows) -> [Candidate] {
    var candidates: [Candidate] = []
    for index in sequences.indices {
      let total = logits.matrix.withMutableRow(logits.first + index) { row in
        beginning.rules.apply(
          to: &row, after: hypotheses[index].tokens, given: beginning.given.count, logits.context)
        logits.context.findLargest(size + 1, of: row.span, into: &ranked)
        return logits.context.logSumExp(row.span)
      }
      for value in ranked {
        let logProbability = value.value - total
        candidates.append(
          Candidate(
            source: index, token: value.index, logProbability: logProbability,
            sum: hypotheses[index].sum + logProbability))
      }
    }
    // Swift's sort keeps the order of equals, but does not promise to.
    return candidates.enumerated()
      .sorted { $0.element.sum != $1.element.sum ? $0.element.sum > $1.element.sum : $0.offset < $1.offset }
      .map(\.element)
  }

  /// Makes `survivors` the hypotheses. The first child of a hypothesis takes over its sequence, others get a spare one and
  /// a copy of what that lacks.
  private func fork(_ survivors: [Candidate]) {
    var heirs = [TextSequence?](repeating: nil, count: survivors.count)
    var inherited = [Bool](repeating: false, count: sequences.count)
    for (index, survivor) in survivors.enumerated() where !inherited[survivor.source] {
      inherited[survivor.source] = true
      heirs[index] = sequences[survivor.source]
    }
    for index in sequences.indices where !inherited[index] {
      spare.append((sequences[index], hypotheses[index].tokens))
    }
    var next: [TextSequence] = []
    for (survivor, heir) in zip(survivors, heirs) {
      if let heir {
        next.append(heir)
      } else if let (sequence, tokens) = spare.popLast() {
        sequence.take(
          over: sequences[survivor.source],
          shared: tokens.map { sharedLength($0, hypotheses[survivor.source].tokens) } ?? 0)
        next.append(sequence)
      }
    }
    hypotheses = survivors.map { survivor in
      var hypothesis = hypotheses[survivor.source]
      hypothesis.append(survivor.token, logProbability: survivor.logProbability)
      hypothesis.sum = survivor.sum
      return hypothesis
    }
    sequences = next
    for (sequence, survivor) in zip(sequences, survivors) { sequence.push(survivor.token) }
  }

  /// Positions from the first on that two hypotheses have in common.
  private func sharedLength(_ one: [Int], _ other: [Int]) -> Int {
    beginning.promptLength - beginning.given.count + zip(one, other).prefix { $0 == $1 }.count
  }
}
