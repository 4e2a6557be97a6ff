// Models with fewer decoder layers than encoder layers, as Distil-Whisper's are.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite struct DistilTests {
  private static let encoderLayers = 7
  private let temporary: TestFolder
  private let model: URL

  /// The fixture with five more encoder layers of random weights that add nothing to the residual stream, so that the
  /// recorded outputs still hold. Its files name `large-v3`'s alignment heads, as some of Distil-Whisper's do.
  init() throws {
    temporary = TestFolder()
    model = temporary.url.appending(path: "distil")
    try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
    let fixture = try SafetensorsFile(Fixtures.url("whisper/model.safetensors"))
    var generator = SeededGenerator(seed: 35)
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    for entry in fixture.entries {
      writer.add(entry.name, shape: entry.shape, floats: try fixture.floats(of: entry.name))
      guard entry.name.contains("encoder.layers.0.") else { continue }
      let isAdded = entry.name.contains("out_proj") || entry.name.contains("fc2")
      for layer in 2..<Self.encoderLayers {
        let values = (0..<entry.shape.reduce(1, *)).map { _ in
          isAdded ? 0 : Float.random(in: -0.3...0.3, using: &generator)
        }
        writer.add(
          entry.name.replacing("encoder.layers.0.", with: "encoder.layers.\(layer)."), shape: entry.shape,
          floats: values)
      }
    }
    try writer.write(to: model.appending(path: "model.safetensors"))
    let config = try String(contentsOf: Fixtures.url("whisper/config.json"), encoding: .utf8)
    try config.replacing("\"encoder_layers\": 2", with: "\"encoder_layers\": \(Self.encoderLayers)")
      .write(to: model.appending(path: "config.json"), atomically: true, encoding: .utf8)
    try Data(#"{"alignment_heads": [[7, 0], [10, 17]]}"#.utf8)
      .write(to: model.appending(path: "generation_config.json"))
  }

  private func load(_ precision: Precision) throws -> WhisperModel {
    let engine = temporary.url.appending(path: "engine-\(precision.rawValue)")
    try EngineBuilder(
      checkpoint: try openCheckpoint(at: model), model: "distil", encoderPrecision: precision,
      decoderPrecision: precision, context: try ComputeContext(threads: 2)
    ).build(into: engine)
    return try WhisperModel(engine: engine)
  }

  @Test(arguments: Processor.kinds) func outputsAreThoseOfTheReference(_ processor: Processor) throws {
    let reference = try Reference()
    let model = try load(.fp32)
    #expect(model.dimensions.audioLayers == Self.encoderLayers && model.dimensions.textLayers == 2)
    let network = try processor.network(model)
    let features = try network.features(of: EncoderInput(logMel: reference.input("mel")))
    try reference.expect(features, are: "encoder")
    let result = try DecoderRun(network, reference.input("encoded")).consume(reference.tokens())
    try reference.expect(result.logits, are: "logits")
  }

  @Test(arguments: [Precision.fp16, .bf16, .int8]) func everyPrecisionRuns(_ precision: Precision) throws {
    let reference = try Reference()
    let model = try load(precision)
    let context = try ComputeContext(threads: 2)
    let state = try model.encoder.makeState(context)
    try model.encoder.encode(try reference.input("mel"), in: state, context: context)
    let run = try DecoderRun(model, Array(state.output.values), context)
    let logits = try run.consume(reference.tokens()).logits
    #expect(logits.allSatisfy { $0.isFinite })
  }

  /// Heads that the decoder does not have are another model's: all of the upper half are taken, as by openai-whisper.
  @Test func alignmentHeadsOfAnotherModelAreNotTaken() throws {
    let heads = try load(.fp32).alignmentHeads
    #expect(heads == (0..<3).map { AlignmentHead(layer: 1, head: $0) })
    try Data(#"{"alignment_heads": [[0, 1], [1, 2]]}"#.utf8)
      .write(to: model.appending(path: "generation_config.json"))
    #expect(try load(.int8).alignmentHeads == [.init(layer: 0, head: 1), .init(layer: 1, head: 2)])
  }
}
