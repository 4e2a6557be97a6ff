// Several sequences in one step: each gets, bit for bit, what it gets alone.

import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite struct BatchTests {
  /// What one sequence consumes, step by step, over which audio.
  private struct Script {
    var audio: Int
    var steps: [[Int]]
  }

  /// At every step the sequences stand at other positions; the first two and the last share audio, the last apart from them.
  private static let scripts = [
    Script(audio: 0, steps: [[1, 5, 9], [17], [200], [3]]),
    Script(audio: 0, steps: [[1], [2, 3, 4, 5], [0], [210]]),
    Script(audio: 1, steps: [[1, 5], [17], [7, 7], [8]]),
    Script(audio: 2, steps: [[60, 61, 62, 63, 64, 65, 66], [1], [2], [4, 5]]),
    Script(audio: 0, steps: [[1, 5, 9], [18], [2, 100, 101, 9], [3]]),
  ]

  private struct Result: Equatable {
    var hidden: [Float] = []
    var logits: [Float] = []
  }

  let audio: [[Float]]
  /// The second window is folded, the others are whole.
  let plans: [EncoderPositions] = [
    .exact(positions: 50), .folded(positions: 50, sound: 19, margin: 2, step: 5), .exact(positions: 50),
  ]

  init() throws {
    let encoded = try Reference().input("encoded")
    audio = [encoded, encoded.map { 0.5 - $0 }, encoded.reversed()]
  }

  private func memories(_ network: any TestNetwork) throws -> [AudioMemory] {
    try zip(audio, plans).map { try network.memory(of: $0, at: $1) }
  }

  /// Runs the scripts together and gives what each made.
  private func run(_ scripts: [Script], _ network: any TestNetwork) throws -> [Result] {
    let memories = try memories(network)
    let sequences = scripts.map { network.makeSequence(over: memories[$0.audio]) }
    var results = scripts.map { _ in Result() }
    let width = network.dimensions.textWidth
    for step in 0..<4 {
      for (script, sequence) in zip(scripts, sequences) { sequence.push(script.steps[step]) }
      try network.step(sequences)
      var ends: [Int] = []
      for script in scripts { ends.append((ends.last ?? 0) + script.steps[step].count) }
      let logits = try network.computeLogits(ofRows: ends.map { $0 - 1 })
      let hidden = try network.states(rows: ends.last ?? 0)
      for index in scripts.indices {
        let first = index == 0 ? 0 : ends[index - 1]
        results[index].hidden += hidden[first * width..<ends[index] * width]
        results[index].logits += logits.withRow(index) { row in row.indices.map { row[$0] } }
      }
    }
    return results
  }

  @Test(.slow, arguments: Precision.allCases, Processor.all)
  func eachGetsWhatItGetsAlone(_ precision: Precision, _ processor: Processor) throws {
    let network = try processor.network(precision)
    let alone = try Self.scripts.map { try run([$0], network)[0] }
    let together = try run(Self.scripts, network)
    for index in alone.indices { #expect(together[index] == alone[index], "sequence \(index)") }
    let reversed = try run(Self.scripts.reversed(), network)
    #expect(Array(reversed.reversed()) == alone)
    #expect(alone[0] != alone[4] && alone[0] != alone[2], "the scripts do not tell sequences apart")
  }

  /// Sequences that join, leave, and start anew while others go on.
  @Test(arguments: Precision.allCases, Processor.kinds)
  func sequencesComeAndGo(_ precision: Precision, _ processor: Processor) throws {
    let network = try processor.network(precision)
    let expected = try run([Self.scripts[0]], network)[0]
    let memories = try memories(network)
    let sequence = network.makeSequence(over: memories[0])
    let others = (1..<3).map { network.makeSequence(over: memories[$0]) }
    var logits: [Float] = []
    for (step, tokens) in Self.scripts[0].steps.enumerated() {
      sequence.push(tokens)
      let company = step == 0 ? [] : step == 1 ? [others[1]] : others
      for other in company { other.push(step) }
      let all = company.prefix(1) + [sequence] + company.dropFirst()
      try network.step(Array(all))
      let row = tokens.count - 1 + (company.isEmpty ? 0 : 1)
      logits += try network.computeLogits(ofRows: [row]).values(rows: 1)
      others[1].restart(over: memories[step % 3])
    }
    #expect(logits == expected.logits)
  }

  /// As many sequences as a step may have on a CPU, and as many rows as one of this model may have.
  @Test(arguments: Precision.allCases, Processor.kinds)
  func sixteenSequences(_ precision: Precision, _ processor: Processor) throws {
    let network = try processor.network(precision)
    let scripts = (0..<16).map { index in
      Script(
        audio: index / 6, steps: [[index], [2 * index + 1], [210 - index], [index, 3].suffix(1 + index % 2)])
    }
    let together = try run(scripts, network)
    // Emulation takes its time.
    for index in stride(from: 0, to: scripts.count, by: processor.isEmulated ? 5 : 1) {
      #expect(try run([scripts[index]], network)[0] == together[index], "sequence \(index)")
    }
  }
}
