// Searches over a small network against a plain search that keeps no cache.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletWhisper
import Testing

@testable import Swiftlet

@Suite struct SearchTests {
  private static let endOfText = 0
  let context: ComputeContext
  let network: CPUNetwork
  let steps: DecodingSteps
  let audio: AudioMemory

  init() throws {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    context = try ComputeContext(threads: 2)
    try EngineBuilder(
      checkpoint: try openCheckpoint(at: Fixtures.url("whisper")), model: "fixture", encoderPrecision: .fp32,
      decoderPrecision: .fp32, context: context
    ).build(into: folder)
    network = try CPUNetwork(WhisperModel(engine: folder), context: context)
    steps = DecodingSteps(network, context: context)
    audio = try network.randomAudio()
  }

  /// A search as a decoding of its own.
  private final class Running: SteppedDecoding {
    let search: any TokenSearch
    init(_ search: any TokenSearch) { self.search = search }
    var sequences: [TextSequence] { search.sequences }
    var extraRow: Int? { nil }
    func advance(_ logits: LogitRows) { search.advance(logits) }
  }

  private func beginning(_ prompt: [Int], count: Int, limit: Int) -> SearchBeginning {
    let sequences = SequencePool(network).take(count, over: audio)
    sequences[0].push(prompt)
    return SearchBeginning(
      sequences: sequences, promptLength: prompt.count, given: [],
      rules: LogitRules(suppressed: SuppressTokens(tokens: [7])), ranker: HypothesisRanker(),
      endOfText: Self.endOfText, limit: limit, contextLength: network.dimensions.textContext)
  }

  /// Log-probabilities of what follows `tokens`, from a sequence of its own.
  private func logProbabilities(after tokens: [Int]) throws -> [Double] {
    final class Once: SteppedDecoding {
      var sequences: [TextSequence]
      let extraRow: Int? = nil
      var row: [Float] = []
      init(_ sequence: TextSequence) { sequences = [sequence] }
      func advance(_ logits: LogitRows) {
        row = logits.matrix.withRow(logits.first) { row in row.indices.map { row[$0] } }
        sequences = []
      }
    }
    let sequence = network.makeSequence(over: audio)
    sequence.push(tokens)
    let once = Once(sequence)
    #expect(steps.step([once]).isEmpty)
    var values = once.row.map(Double.init)
    values[7] = -.infinity
    let largest = values.max() ?? 0
    let total = largest + log(values.map { exp($0 - largest) }.reduce(0, +))
    return values.map { $0 - total }
  }

  /// The best of beam search as openai-whisper describes it, in double precision, without any cache.
  private func plainBeamSearch(_ prompt: [Int], size: Int, wanted: Int, limit: Int) throws -> [Int] {
    var beams: [(tokens: [Int], sum: Double)] = [([], 0)]
    var finished: [(tokens: [Int], sum: Double)] = []
    for _ in 0..<limit where finished.count < wanted {
      var candidates: [(tokens: [Int], sum: Double)] = []
      for beam in beams {
        let row = try logProbabilities(after: prompt + beam.tokens)
        for token in row.indices.sorted(by: { row[$0] > row[$1] }).prefix(size + 1) {
          candidates.append((beam.tokens + [token], beam.sum + row[token]))
        }
      }
      beams = []
      for candidate in candidates.sorted(by: { $0.sum > $1.sum }) where beams.count < size {
        if candidate.tokens.last == Self.endOfText {
          if finished.count < wanted { finished.append((candidate.tokens.dropLast(), candidate.sum)) }
        } else {
          beams.append(candidate)
        }
      }
    }
    if finished.count < size { finished += beams.prefix(size - finished.count) }
    func score(_ one: (tokens: [Int], sum: Double)) -> Double { one.sum / Double(max(1, one.tokens.count)) }
    return finished.max { score($0) < score($1) }?.tokens ?? []
  }

  @Test(.slow, arguments: [1, 2, 5], [1.0, 2.0]) func beamsAreThoseOfAPlainSearch(size: Int, patience: Double)
    throws
  {
    for prompt in [[1, 5, 9], [4], [60, 61, 3, 8]] {
      let search = BeamSearch(beginning(prompt, count: size, limit: 12), patience: patience)
      try run([Running(search)])
      let expected = try plainBeamSearch(
        prompt, size: size, wanted: Int((Double(size) * patience).rounded()), limit: 12)
      #expect(search.best.tokens == expected)
    }
  }

  private func sampled(_ prompt: [Int], count: Int, temperature: Double, seed: UInt64) -> Running {
    Running(
      SamplingSearch(
        beginning(prompt, count: count, limit: 12), temperature: temperature, seed: seed, vocabularySize: 211)
    )
  }

  /// Steps all of `decodings` together until they are done.
  private func run(_ decodings: [Running]) throws {
    while decodings.contains(where: { !$0.sequences.isEmpty }) {
      #expect(steps.step(decodings).isEmpty)
    }
  }

  @Test func togetherAndAloneIsTheSame() throws {
    func all() -> [Running] {
      [
        sampled([1, 5, 9], count: 1, temperature: 0, seed: 0),
        Running(BeamSearch(beginning([4], count: 5, limit: 9), patience: 1)),
        sampled([2, 2], count: 5, temperature: 0.8, seed: 4), sampled([9], count: 4, temperature: 1, seed: 5),
        Running(BeamSearch(beginning([8, 1], count: 6, limit: 9), patience: 1)),
      ]
    }
    let (alone, together) = (all(), all())
    for running in alone { try run([running]) }
    try run(together)
    #expect(alone.map(\.search.best) == together.map(\.search.best))
  }

  @Test func theSameSeedDrawsTheSame() throws {
    func draw(_ seed: UInt64) throws -> [Int] {
      let running = sampled([1, 5], count: 3, temperature: 1, seed: seed)
      try run([running])
      return running.search.best.tokens
    }
    #expect(try draw(1) == draw(1))
    #expect(try Set((0..<8).map { try draw($0) }).count > 1)
  }

  @Test func greedyTakesTheMostProbable() throws {
    let running = sampled([1, 5, 9], count: 1, temperature: 0, seed: 0)
    try run([running])
    var tokens: [Int] = []
    while tokens.count < 12 {
      let row = try logProbabilities(after: [1, 5, 9] + tokens)
      let best = row.indices.max { row[$0] < row[$1] } ?? 0
      if best == Self.endOfText { break }
      tokens.append(best)
      #expect((Double(running.search.best.logProbabilities[tokens.count - 1]) - row[best]).magnitude < 1e-4)
    }
    #expect(running.search.best.tokens == tokens)
  }

  /// What is drawn has the probabilities of softmax(logits / temperature).
  @Test(.slow) func samplesAreDistributedAsTheyShould() throws {
    let row = try logProbabilities(after: [1, 5]).map { exp($0 / 0.5) }
    let sum = row.reduce(0, +)
    var counts = [Int](repeating: 0, count: row.count)
    let draws = 3_000
    for seed in 0..<draws / 15 {
      let searches = (0..<15).map { index in
        let beginning = beginning([1, 5], count: 1, limit: 1)
        return Running(
          SamplingSearch(
            beginning, temperature: 0.5, seed: UInt64(15 * seed + index), vocabularySize: 211))
      }
      try run(searches)
      for running in searches { counts[running.search.best.tokens.first ?? Self.endOfText] += 1 }
    }
    for (count, weight) in zip(counts, row) {
      let expected = weight / sum * Double(draws)
      #expect((Double(count) - expected).magnitude < 5 * expected.squareRoot() + 5)
    }
  }
}
