// Windows with silence at the end: skipped frames, plans, and folding.

import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite struct WindowTests {
  static let positions = 50

  /// A log-mel spectrogram whose frames from `sound` on all have one value.
  private func mel(sound: Int, tail: Float = -0.7) throws -> [Float] {
    let values = try Reference().input("mel")
    return Array(values.prefix(sound * 80)) + [Float](repeating: tail, count: (100 - sound) * 80)
  }

  @Test(.slow, arguments: Precision.allCases, Way.all)
  func skippingTheConstantTailChangesNothing(_ precision: Precision, _ way: Way) throws {
    let encoder = try EngineFixture.model(precision).encoder
    let context = try way.context()
    let state = try encoder.makeState(context)
    let plans = [
      EncoderPositions.exact(positions: Self.positions),
      .folded(positions: Self.positions, sound: 3, margin: 4, step: 5),
    ]
    for sound in [0, 1, 2, 7, 31, 60, 85, 86, 87, 88, 89, 90, 91, 92, 95, 99, 100] {
      let mel = try mel(sound: sound)
      for plan in plans {
        try encoder.encode(mel, at: plan, in: state, context: context)
        let expected = state.output.values(rows: plan.rows)
        // Another window between, so that nothing is found ready.
        try encoder.encode(mel.map { 2 - $0 }, in: state, context: context)
        try encoder.encode(mel, soundFrames: sound, at: plan, in: state, context: context)
        #expect(state.output.values(rows: plan.rows) == expected, "\(sound) frames, \(plan.rows) rows")
        #expect(state.outputPositions == plan)
      }
    }
  }

  /// A plan of single positions, however it is written, is the exact one.
  @Test(arguments: Precision.allCases) func foldingNothingIsExact(_ precision: Precision) throws {
    let model = try EngineFixture.model(precision)
    let mel = try Reference().input("mel")
    let tokens = try Reference().tokens()
    let plans = [
      EncoderPositions.exact(positions: Self.positions),
      .folded(positions: Self.positions, sound: 13, margin: 4, step: 1),
      EncoderPositions(whole: 20, kept: Array(20..<50), counts: nil),
      EncoderPositions(whole: 0, kept: Array(0..<50), counts: [Int](repeating: 1, count: 50)),
    ]
    for processor in Processor.single {
      let network = try processor.network(model)
      let results = try plans.map { plan in
        let features = try network.features(
          of: EncoderInput(logMel: mel, soundFrames: 100, positions: plan))
        return [features] + [try DecoderRun(network, features, at: plan).consume(tokens).logits]
      }
      for (plan, result) in zip(plans, results) {
        #expect(result == results[0], "\(processor), \(plan.whole) whole, \(plan.kept.count) kept")
      }
    }
  }

  /// What the positions of a folded tail stand for is what makes it close to the whole window: without the positional
  /// embedding's differences the two would be equal, and with them they are near. Leaving the counts out is much further.
  @Test(arguments: Processor.kinds)
  func foldingIsNearerWithCountsThanWithout(_ processor: Processor) throws {
    let network = try processor.network(.fp32)
    let mel = try mel(sound: 24)
    let plan = EncoderPositions.folded(positions: Self.positions, sound: 14, margin: 2, step: 4)
    let uncounted = EncoderPositions(whole: plan.whole, kept: plan.kept, counts: nil)
    let results = try [.exact(positions: Self.positions), plan, uncounted].map { plan in
      let input = EncoderInput(logMel: mel, soundFrames: 24, positions: plan)
      return try network.features(of: input).prefix(14 * network.dimensions.audioWidth)
    }
    func distance(_ index: Int) -> Float {
      zip(results[index], results[0]).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    #expect(distance(1) > 0)
    #expect(distance(1) < distance(2) / 2, "\(distance(1)) with, \(distance(2)) without")
  }

  @Test func foldedPlansAccountForEveryPosition() {
    for positions in [1, 7, 50, 1_500] {
      for sound in [0, 1, positions / 3, positions - 1, positions, positions + 10] where sound >= 0 {
        for margin in [0, 1, 5, 50] {
          for step in [1, 2, 3, 8, 16, 32] {
            let plan = EncoderPositions.folded(positions: positions, sound: sound, margin: margin, step: step)
            let whole = min(positions, sound + margin)
            guard let counts = plan.counts else {
              #expect(plan == .exact(positions: positions))
              #expect(positions - whole < 2 * step, "nothing was folded of \(positions - whole) positions")
              continue
            }
            #expect(plan.whole == whole)
            #expect(plan.rows == counts.count && plan.rows == whole + plan.kept.count)
            #expect(counts.reduce(0, +) == positions)
            #expect(counts.prefix(whole).allSatisfy { $0 == 1 })
            #expect(counts.dropFirst(whole).allSatisfy { (1...step).contains($0) })
            // Each kept position is followed by those that it stands for.
            var next = whole
            for (position, count) in zip(plan.kept, counts.dropFirst(whole)) {
              #expect(position == next)
              next += count
            }
            #expect(next == positions)
            #expect(step == 1 || plan.rows < positions)
          }
        }
      }
    }
  }
}
