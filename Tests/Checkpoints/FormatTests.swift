// The same model gives the same tensors from every format.

import Foundation
import SwiftletCheckpoints
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct FormatTests {
  @Test(arguments: CheckpointFixture.all)
  func kindAndDimensions(_ fixture: CheckpointFixture) throws {
    let checkpoint = try openCheckpoint(at: fixture.url)
    #expect(checkpoint.kind == fixture.kind)
    #expect(checkpoint.dimensions == CheckpointFixture.dimensions)
  }

  @Test(arguments: CheckpointFixture.all)
  func namesAndShapes(_ fixture: CheckpointFixture) throws {
    let reference = try SafetensorsFile(CheckpointFixture.folder.appending(path: "reference.safetensors"))
    let checkpoint = try openCheckpoint(at: fixture.url)
    #expect(checkpoint.tensors.map(\.name) == reference.entries.map(\.name))
    #expect(checkpoint.tensors.map(\.shape) == reference.entries.map(\.shape))
  }

  /// Bits are compared, so that a lost sign of zero or a rounding of the last place is seen.
  @Test(.slow, arguments: CheckpointFixture.all)
  func values(_ fixture: CheckpointFixture) throws {
    let checkpoint = try openCheckpoint(at: fixture.url)
    #expect(!checkpoint.tensors.isEmpty)
    for tensor in checkpoint.tensors {
      let found = try checkpoint.floats(of: tensor.name)
      let expected = try fixture.expected(tensor)
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(tensor.name)")
    }
  }

  /// CTranslate2's int8 with everything else in half: scales stay fp32, so quantised tensors equal those
  /// beside fp32.
  @Test func integersBesideHalves() throws {
    let folder = CheckpointFixture.folder
    let mixed = try openCheckpoint(at: folder.appending(path: "ctranslate2-int8_float16"))
    let plain = try openCheckpoint(at: folder.appending(path: "ctranslate2-int8_float32"))
    #expect(Set(mixed.tensors.map(\.storedType)) == [.int8, .float16])
    for tensor in mixed.tensors {
      let found = try mixed.floats(of: tensor.name)
      let expected = try plain.floats(of: tensor.name)
      let rounded = tensor.storedType == .int8 ? expected : expected.map { Float(Float16($0)) }
      #expect(found.map(\.bitPattern) == rounded.map(\.bitPattern), "\(tensor.name)")
    }
  }

  /// Quantised values lie within half a step of the true ones: the fixture itself is not taken on trust.
  @Test(arguments: [("ctranslate2-int8_float32", Float(127)), ("ctranslate2-int16", Float(1024))])
  func quantisationError(folder: String, steps: Float) throws {
    let reference = try SafetensorsFile(CheckpointFixture.folder.appending(path: "reference.safetensors"))
    let checkpoint = try openCheckpoint(at: CheckpointFixture.folder.appending(path: folder))
    for tensor in checkpoint.tensors where tensor.storedType == .int8 || tensor.storedType == .int16 {
      let exact = try reference.floats(of: tensor.name)
      let found = try checkpoint.floats(of: tensor.name)
      let largest = exact.map(\.magnitude).max() ?? 0
      let worst = zip(exact, found).map { ($0 - $1).magnitude }.max() ?? 0
      // Parts of a fused projection share the scale of the largest part: an fp32 rounding, and twice the
      // range.
      #expect(worst <= 2 * largest / steps * 0.5 * 1.001, "\(tensor.name)")
      #expect(worst > 0, "\(tensor.name)")
    }
  }

  @Test func storedTypes() throws {
    let folder = CheckpointFixture.folder
    let ggml = try openCheckpoint(at: folder.appending(path: "ggml-f16.bin"))
    let types = Dictionary(uniqueKeysWithValues: ggml.tensors.map { ($0.name, $0.storedType) })
    #expect(types["encoder.conv1.weight"] == .float16)
    #expect(types["encoder.conv1.bias"] == .float32)
    let brain = try openCheckpoint(at: folder.appending(path: "hf-bf16"))
    #expect(brain.tensors.allSatisfy { $0.storedType == .bfloat16 })
  }

  @Test func namesWithoutPrefix() throws {
    let folder = TestFolder()
    try copyReference(to: folder, prefix: "", changing: { $0.metadata["who"] = "test" })
    let checkpoint = try openCheckpoint(at: folder.url)
    let other = try openCheckpoint(at: CheckpointFixture.folder.appending(path: "hf-f32"))
    #expect(try tensorDigest(of: checkpoint) == tensorDigest(of: other))
  }

  @Test func unknownTensor() throws {
    let checkpoint = try openCheckpoint(at: CheckpointFixture.folder.appending(path: "ggml-f32.bin"))
    #expect {
      try checkpoint.floats(of: "encoder.conv3.weight")
    } throws: { error in
      guard case CheckpointError.noSuchTensor("encoder.conv3.weight", let file) = error else { return false }
      return file.hasSuffix("ggml-f32.bin")
    }
  }

  /// A file given by its own path opens like the folder it lies in.
  @Test(arguments: [
    "hf-f32/model.safetensors", "hf-sharded/model.safetensors.index.json", "hf-bin/pytorch_model.bin",
    "hf-bin-sharded/pytorch_model.bin.index.json",
  ])
  func fileInsideFolder(path: String) throws {
    let checkpoint = try openCheckpoint(at: CheckpointFixture.folder.appending(path: path))
    #expect(checkpoint.dimensions == CheckpointFixture.dimensions)
  }

  @Test func shardsAreListed() throws {
    func files(_ path: String) throws -> [String] {
      try openCheckpoint(at: CheckpointFixture.folder.appending(path: path)).files.map(\.lastPathComponent)
    }
    #expect(try files("hf-sharded") == (1...3).map { "model-0000\($0)-of-00003.safetensors" })
    #expect(try files("hf-bin-sharded") == (1...2).map { "pytorch_model-0000\($0)-of-00002.bin" })
  }
}
