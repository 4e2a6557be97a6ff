// CTranslate2 files that lie.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

@Suite struct CTranslate2HostileTests {
  /// A model.bin of version 6 with the given variables and aliases.
  private struct Builder {
    var content = Data()

    init(version: UInt32 = 6, name: String = "WhisperSpec", revision: UInt32 = 3, variables: UInt32) {
      append(version)
      append(name)
      append(revision)
      append(variables)
    }

    mutating func append(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.littleEndian) { content.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) {
      append(UInt16(text.utf8.count + 1))
      content.append(contentsOf: text.utf8)
      content.append(0)
    }

    mutating func variable(_ name: String, shape: [UInt32], type: UInt8, size: UInt32, bytes: Data) {
      append(name)
      append(UInt8(shape.count))
      for dimension in shape { append(dimension) }
      append(type)
      append(size)
      content.append(bytes)
    }
  }

  private func failure(_ content: Data) throws -> String {
    let folder = TestFolder()
    let url = try folder.write(content, as: "model.bin")
    return try #require(throws: CheckpointError.self) { try openCheckpoint(at: url) }.description
  }

  @Test(arguments: [
    (UInt32(5), "WhisperSpec", UInt32(3), "binary version 5"), (6, "TransformerSpec", 3, "TransformerSpec"),
    (6, "WhisperSpec", 2, "revision 2"),
  ])
  func otherKinds(version: UInt32, name: String, revision: UInt32, message: String) throws {
    let builder = Builder(version: version, name: name, revision: revision, variables: 0)
    #expect(try failure(builder.content).contains(message))
  }

  @Test func countWithoutVariables() throws {
    #expect(try failure(Builder(variables: .max).content).contains("cut short"))
  }

  @Test func noVariables() throws {
    var builder = Builder(variables: 0)
    builder.append(UInt32(0))
    #expect(try failure(builder.content).contains("lacks tensor"))
  }

  @Test(arguments: [
    ([UInt32.max, .max, .max], UInt8(0), UInt32(4), "has 4 bytes"), ([2], 0, 4, "has 4 bytes"),
    ([1], 9, 4, "type 9"),
    ([0x4000_0000], 0, 0, "has 0 bytes"), ([0x3FFF_FFFF], 0, 0xFFFF_FFFC, "cut short"),
  ])
  func sizes(shape: [UInt32], type: UInt8, size: UInt32, message: String) throws {
    var builder = Builder(variables: 1)
    builder.variable("encoder/conv1/bias", shape: shape, type: type, size: size, bytes: Data(count: 4))
    builder.append(UInt32(0))
    #expect(try failure(builder.content).contains(message))
  }

  @Test func sameVariableTwice() throws {
    var builder = Builder(variables: 2)
    for _ in 0..<2 { builder.variable("a", shape: [1], type: 0, size: 4, bytes: Data(count: 4)) }
    builder.append(UInt32(0))
    #expect(try failure(builder.content).contains("twice"))
  }

  @Test func aliasOfNothing() throws {
    var builder = Builder(variables: 0)
    builder.append(UInt32(1))
    builder.append("a")
    builder.append("b")
    #expect(try failure(builder.content).contains("lacks tensor b"))
  }

  /// Integers whose scales are missing, zero, not a number, or too few.
  @Test(
    arguments: [
      (nil, "lacks tensor encoder/conv1/bias_scale"), ([Float(0), 1], "scale that is zero"),
      ([.nan, 1], "scale that is zero or not a number"), ([1, 1, 1], "3 scales"), ([], "is empty"),
    ] as [([Float]?, String)])
  func scales(scales: [Float]?, message: String) throws {
    var builder = Builder(variables: scales == nil ? 1 : 2)
    builder.variable("encoder/conv1/bias", shape: [2], type: 1, size: 2, bytes: Data(count: 2))
    if let scales {
      let bytes = Data(
        scales.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) } })
      builder.variable(
        "encoder/conv1/bias_scale", shape: [UInt32(scales.count)], type: 0, size: UInt32(bytes.count),
        bytes: bytes)
    }
    builder.append(UInt32(0))
    #expect(try failure(builder.content).contains(message))
  }

  @Test(arguments: [
    ("decoder/activation", "decoder/activation = 1"),
    ("decoder/scale_embeddings", "decoder/scale_embeddings = 1"),
    ("decoder/some_new_switch", "decoder/some_new_switch = 1"),
  ])
  func otherNetworks(attribute: String, message: String) throws {
    var builder = Builder(variables: 1)
    builder.variable(attribute, shape: [], type: 1, size: 1, bytes: Data([1]))
    builder.append(UInt32(0))
    #expect(try failure(builder.content).contains(message))
  }

  /// The fused bias of self attention has a part for the keys, which must be zero.
  @Test(arguments: [(0, false), (11, false), (12, true), (23, true), (24, false)])
  func biasOfTheKeys(element: Int, refused: Bool) throws {
    var content = try Data(
      contentsOf: CheckpointFixture.folder.appending(path: "ctranslate2-float32/model.bin"))
    let name = try #require(content.range(of: Data("decoder/layer_0/self_attention/linear_0/bias\0".utf8)))
    // Rank, one dimension, type and size stand between the name and the values.
    let position = name.upperBound + 1 + 4 + 1 + 4 + 4 * element
    content.replaceSubrange(position..<(position + 4), with: [0, 0, 0x80, 0x3F])
    if refused {
      #expect(try failure(content).contains("decoder.layers.0.self_attn.k_proj.bias"))
    } else {
      let folder = TestFolder()
      let checkpoint = try openCheckpoint(at: folder.write(content, as: "model.bin"))
      let projection = element < 12 ? "q" : "v"
      #expect(
        try checkpoint.floats(of: "decoder.layers.0.self_attn.\(projection)_proj.bias")[element % 12] == 1)
    }
  }

  /// Changes one byte of a name in a real file, so that everything around it is right.
  @Test(arguments: [
    ("encoder/layer_1/ffn/linear_0/weight", "encoder/layer_1/ffn/linear_7/weight", "not part of"),
    ("encoder/layer_1/", "encoder/layer_9/", "lacks tensor encoder.layers.1"),
    ("decoder/embeddings/weight", "decoder/embeddinks/weight", "decoder/embeddi"),
    ("encoder/num_heads", "encoder/num_headz", "encoder/num_head"),
  ])
  func renamed(old: String, new: String, message: String) throws {
    var content = try Data(
      contentsOf: CheckpointFixture.folder.appending(path: "ctranslate2-float16/model.bin"))
    var count = 0
    while let range = content.range(of: Data(old.utf8)) {
      content.replaceSubrange(range, with: Data(new.utf8))
      count += 1
    }
    #expect(count > 0)
    let found = try failure(content)
    #expect(found.contains(message), "\(found)")
  }
}
