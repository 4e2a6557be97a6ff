// The engines of less precision against fp32, and that neither threads nor company change a bit.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

extension Precision {
  /// What rounding its operands adds to one product: the root of the mean square of the error, over that of the result.
  ///
  /// The terms of a sum are rounded independently, so that a sum is as noisy as its terms. Rounding a number between 1 and
  /// 2 to p bits has an error of 2^-p/√3 in the mean square, over 1.47 (the numbers' own): 0.4 · 2^-p.
  /// - fp16: the weights have 11 bits: 0.4 · 2^-11.
  /// - bf16: both operands have 8 bits: √2 · 0.4 · 2^-8.
  /// - int8: steps of what is covered over 255, over √12. Rows of 72 to 288 normal values cover about 5.5 σ, columns of weights
  ///   on both sides of zero as much: √2 · 5.5 / 255 / √12. (Attention in bf16 adds less.)
  var noise: Double {
    switch self {
    case .fp32: 0
    case .fp16: 0.4 * 0x1p-11
    case .bf16: 2.0.squareRoot() * 0.4 * 0x1p-8
    case .int8: 2.0.squareRoot() * 5.5 / 255 / 12.0.squareRoot()
    }
  }

  /// The same on a GPU, where fp16 and bf16 are the types of both operands, and bytes become bf16.
  var deviceNoise: Double {
    switch self {
    case .fp16: 2.0.squareRoot() * noise
    case .int8: (noise * noise / 2 + Precision.bf16.noise * Precision.bf16.noise).squareRoot()
    case .fp32, .bf16: noise
    }
  }
}

@Suite struct PrecisionTests {
  static let lower: [Precision] = [.fp16, .bf16, .int8]
  let reference: Reference

  init() throws { reference = try Reference() }

  /// Each product in a row of `products` adds its noise to the stream, independent of the others': their squares add up.
  ///
  /// Normalization keeps the relation; residuals carry what was there before around the branch, so that a little less
  /// arrives. A quarter at least must: otherwise it is not this precision that was computed with. Of a few thousand
  /// values of a normal distribution none is further out than 5 σ; rows differ in size, hence 8.
  private func expect(
    _ values: [Float], noise: Double, products: Int, areCloseTo name: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try reference.output(name)
    try #require(values.count == expected.count)
    let differences = zip(values, expected).map { Double($0) - Double($1) }
    let size = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
    let deviation = (differences.reduce(0) { $0 + $1 * $1 } / size).squareRoot()
    let limit = noise * Double(products).squareRoot()
    #expect(
      (limit / 4...limit).contains(deviation), "\(name): \(deviation) of \(limit)",
      sourceLocation: sourceLocation)
    let largest = differences.map(\.magnitude).max() ?? 0
    let root = (size / Double(expected.count)).squareRoot()
    #expect(largest <= 8 * deviation * root, "\(name): largest \(largest)", sourceLocation: sourceLocation)
  }

  @Test(arguments: lower, Processor.single)
  func encoderAndDecoderAreCloseToTheReference(_ precision: Precision, _ processor: Processor) throws {
    let network = try processor.network(precision)
    let features = try network.features(of: EncoderInput(logMel: reference.input("mel")))
    let tokens = try reference.tokens()
    let decoded = try DecoderRun(network, reference.input("encoded")).consume(tokens)
    let whole = try DecoderRun(network, features).consume(tokens)
    let noise = processor.isEmulated ? precision.deviceNoise : precision.noise
    // Two convolutions; a layer's projections, scores, weighted values, output and two of the feed-forward part.
    let encoder = 2 + 2 * 6
    // Five more for cross attention: queries, keys and values, scores, weighted values, output.
    let decoder = 2 * 11
    try expect(features, noise: noise, products: encoder, areCloseTo: "encoder")
    // The last normalization's channels are divided by what the vocabulary's are multiplied by.
    let checkpoint = try openCheckpoint(at: Fixtures.url("whisper"))
    let smoothing =
      precision == .int8
      ? smoothingScales(
        weights: try checkpoint.floats(of: "decoder.embed_tokens.weight"),
        gamma: try checkpoint.floats(of: "decoder.layer_norm.weight"),
        beta: try checkpoint.floats(of: "decoder.layer_norm.bias")) : [1]
    let hidden = decoded.hidden.enumerated().map { $1 * smoothing[$0 % smoothing.count] }
    try expect(hidden, noise: noise, products: decoder, areCloseTo: "decoder")
    try expect(decoded.logits, noise: noise, products: decoder + 1, areCloseTo: "logits")
    try expect(whole.logits, noise: noise, products: encoder + decoder + 1, areCloseTo: "whole")
  }

  /// Halves are widened exactly, and the rest is fp32: instruction sets differ as they do in fp32. (Where results are
  /// rounded to bf16 or bytes they do not: one value that falls the other way makes those after it be rounded anew, so
  /// that two instruction sets may differ by as much as the precision costs; Tests/Compute compares them product by
  /// product.)
  @Test func instructionSetsAgreeInFP16() throws {
    let model = try EngineFixture.model(.fp16)
    let results = try InstructionSet.available.map { isa in
      let run = try DecoderRun(
        model, reference.input("encoded"), ComputeContext(threads: 1, instructionSet: isa))
      return try run.consume(reference.tokens()).logits
    }
    for (isa, result) in zip(InstructionSet.available, results) {
      let largest = zip(result, results[0]).map { ($0 - $1).magnitude }.max() ?? .infinity
      // Each is at most four times as far from the exact result as PyTorch's float32: see Reference.
      #expect(try largest <= 8 * reference.float32Error(of: "logits"), "\(isa)")
    }
  }

  @Test(.slow, arguments: Precision.allCases, InstructionSet.available.indices)
  func threadsDoNotChangeABit(_ precision: Precision, isa: Int) throws {
    let model = try EngineFixture.model(precision)
    let mel = try reference.input("mel")
    let tokens = try reference.tokens()
    let plan = EncoderPositions.folded(positions: 50, sound: 17, margin: 4, step: 6)
    let results = try [1, 2, 5].map { threads in
      let context = try ComputeContext(threads: threads, instructionSet: InstructionSet.available[isa])
      let state = try model.encoder.makeState(context)
      try model.encoder.encode(mel, at: plan, in: state, context: context)
      let folded = try DecoderRun(model, state.output.values, context, at: plan).consume(tokens)
      try model.encoder.encode(mel, in: state, context: context)
      let exact = try DecoderRun(model, state.output.values, context).consume(tokens)
      return [state.output.values, exact.hidden, exact.logits, folded.hidden, folded.logits]
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  /// Encoder and decoder have precisions of their own.
  @Test func mixedPrecisions() throws {
    let context = try ComputeContext(threads: 2)
    let mixed = try EngineFixture(encoder: .bf16, decoder: .fp32).load()
    #expect(mixed.encoder.precision == .bf16 && mixed.decoder.precision == .fp32)
    let bf16 = try EngineFixture.model(.bf16)
    let tokens = try reference.tokens()
    let encoded = try [mixed, bf16].map { model in
      let state = try model.encoder.makeState(context)
      try model.encoder.encode(try reference.input("mel"), in: state, context: context)
      return state.output.values
    }
    #expect(encoded[0] == encoded[1])
    try reference.expect(
      DecoderRun(mixed, reference.input("encoded"), context).consume(tokens).logits, are: "logits")
  }
}
