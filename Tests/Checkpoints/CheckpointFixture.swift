// The recorded checkpoints: one tiny random model, in every format.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

/// A fixture below Tests/Fixtures/checkpoints (Scripts/fixtures/checkpoints.py), with what reading it must
/// give.
struct CheckpointFixture: CustomTestStringConvertible, Sendable {
  /// How the values differ from those of `reference.safetensors`.
  enum Precision: Sendable {
    case exact
    case half
    case brain
    /// Half where the file stores halves, exact elsewhere.
    case perTensor
    /// The values that CTranslate2's integers stand for, recorded by Python.
    case recorded(String)
  }

  var path: String
  var kind: CheckpointKind
  var precision: Precision

  var testDescription: String { path }
  var url: URL { Self.folder.appending(path: path) }

  static let folder = Fixtures.url("checkpoints")

  static let all = [
    Self(path: "hf-f32", kind: .safetensors, precision: .exact),
    Self(path: "hf-f16", kind: .safetensors, precision: .half),
    Self(path: "hf-bf16", kind: .safetensors, precision: .brain),
    Self(path: "hf-sharded", kind: .safetensors, precision: .exact),
    Self(path: "hf-bin", kind: .huggingFacePickle, precision: .exact),
    Self(path: "hf-bin-sharded", kind: .huggingFacePickle, precision: .exact),
    Self(path: "openai-f32.pt", kind: .openAI, precision: .exact),
    Self(path: "openai-f16.pt", kind: .openAI, precision: .half),
    Self(path: "ctranslate2-float32", kind: .ctranslate2, precision: .exact),
    Self(path: "ctranslate2-float16", kind: .ctranslate2, precision: .half),
    Self(path: "ctranslate2-bfloat16", kind: .ctranslate2, precision: .brain),
    Self(
      path: "ctranslate2-int8_float32", kind: .ctranslate2,
      precision: .recorded("reference-int8_float32.safetensors")),
    Self(path: "ctranslate2-int16", kind: .ctranslate2, precision: .recorded("reference-int16.safetensors")),
    Self(path: "ggml-f32.bin", kind: .ggml, precision: .exact),
    Self(path: "ggml-f16.bin", kind: .ggml, precision: .perTensor),
  ]

  static let dimensions = ModelDimensions(
    melBins: 8, audioContext: 20, audioWidth: 12, audioHeads: 2, audioLayers: 2,
    textContext: 14, textWidth: 12, textHeads: 3, textLayers: 1, vocabularySize: 99)

  /// The file that a fuzzer changes, and the folder's other files that it needs.
  var modelFile: URL {
    for name in [
      "model.safetensors", "model.bin", "pytorch_model.bin", "model.safetensors.index.json",
      "pytorch_model.bin.index.json",
    ] {
      let file = url.appending(path: name)
      if FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) { return file }
    }
    return url
  }

  /// The recorded values of `tensor`, as a file that stores `type` gives them back.
  func expected(_ tensor: TensorDescription) throws -> [Float] {
    var name = "reference.safetensors"
    if case .recorded(let other) = precision { name = other }
    let values = try SafetensorsFile(Self.folder.appending(path: name)).floats(of: tensor.name)
    switch precision {
    case .exact, .recorded: return values
    case .half: return values.map { Float(Float16($0)) }
    case .brain: return values.map(roundedToBrainFloat)
    case .perTensor: return tensor.storedType == .float16 ? values.map { Float(Float16($0)) } : values
    }
  }
}

/// The nearest bfloat16, ties to even, as PyTorch rounds.
private func roundedToBrainFloat(_ value: Float) -> Float {
  let bits = value.bitPattern
  return Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
}
