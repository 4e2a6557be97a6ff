// Greedy decoding and sampling: each hypothesis goes its own way.

import SwiftletBasics
import SwiftletCompute
import SwiftletWhisper

/// Chooses the most probable token at temperature 0 (with one hypothesis: greedy decoding), or draws tokens from
/// softmax(logits / temperature) for several hypotheses, of which the best is taken (openai-whisper's `GreedyDecoder`).
final class SamplingSearch: TokenSearch {
  private(set) var sequences: [TextSequence]
  private var hypotheses: [Hypothesis]
  /// Which hypothesis each of `sequences` is.
  private var owners: [Int]
  private let beginning: SearchBeginning
  private let temperature: Float
  private var generator: SeededGenerator
  /// Where probabilities are made, one row; nothing is drawn at temperature 0.
  private let probabilities: Matrix?
  private var hasBegun = false

  init(_ beginning: SearchBeginning, temperature: Double, seed: UInt64, vocabularySize: Int) {
    self.beginning = beginning
    self.temperature = Float(temperature)
    generator = SeededGenerator(seed: seed)
    probabilities = temperature > 0 ? Matrix(rows: 1, columns: vocabularySize) : nil
    let count = beginning.sequences.count
    hypotheses = (0..<count).map { _ in beginning.hypothesis }
    owners = Array(0..<count)
    sequences = Array(beginning.sequences.prefix(1))
    sequences.reserveCapacity(count)
  }

  var best: Hypothesis { beginning.best(of: hypotheses) }

  func advance(_ logits: LogitRows) {
    if !hasBegun {
      hasBegun = true
      // All continue the same prompt, which was consumed once.
      for other in beginning.sequences.dropFirst() {
        other.take(over: beginning.sequences[0], shared: 0)
        sequences.append(other)
      }
      applyRules(logits, row: 0, hypothesis: 0)
      choose(logits) { _ in 0 }
    } else {
      for index in sequences.indices { applyRules(logits, row: index, hypothesis: owners[index]) }
      choose(logits) { $0 }
    }
  }

  private func applyRules(_ logits: LogitRows, row: Int, hypothesis: Int) {
    logits.matrix.withMutableRow(logits.first + row) { row in
      beginning.rules.apply(
        to: &row, after: hypotheses[hypothesis].tokens, given: beginning.given.count, logits.context)
    }
  }

  /// - Parameter rowOf: the row of each of `sequences`.
  private func choose(_ logits: LogitRows, _ rowOf: (Int) -> Int) {
    var kept = 0
    for index in sequences.indices {
      let owner = owners[index]
      let (token, logProbability) = logits.matrix.withRow(logits.first + rowOf(index)) { row in
        let token = draw(row, logits.context)
        return (token, row[token] - logits.context.logSumExp(row))
      }
      hypotheses[owner].sum += logProbability
      if token == beginning.endOfText {
        hypotheses[owner].isComplete = true
        continue
      }
      hypotheses[owner].append(token, logProbability: logProbability)
      if beginning.isFull(hypotheses[owner]) { continue }
      sequences[index].push(token)
      sequences.swapAt(kept, index)
      owners.swapAt(kept, index)
      kept += 1
    }
    sequences.removeLast(sequences.count - kept)
    owners.removeLast(owners.count - kept)
  }

  private func draw(_ row: Span<Float>, _ context: ComputeContext) -> Int {
    guard let probabilities else { return context.argmax(row) }
    let sum = context.exponentials(row, temperature: temperature, into: probabilities, row: 0)
    let target = generator.unit() * sum
    return probabilities.withRow(0) { probabilities in
      var reached: Float = 0
      var last = 0
      for index in probabilities.indices where row[index] > -.infinity {
        reached += probabilities[index]
        last = index
        if reached > target { break }
      }
      return last
    }
  }
}
