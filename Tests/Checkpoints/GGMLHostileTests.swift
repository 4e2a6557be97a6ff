// whisper.cpp files that lie, or that are quantised.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

@Suite struct GGMLHostileTests {
  /// Opens the fixture with 32-bit numbers of it changed, counted from its start.
  private func failure(_ changes: [Int: Int32]) throws -> String {
    var content = try Data(contentsOf: CheckpointFixture.folder.appending(path: "ggml-f16.bin"))
    for (index, number) in changes {
      for byte in 0..<4 { content[index * 4 + byte] = UInt8(truncatingIfNeeded: number >> (byte * 8)) }
    }
    return try failure(content)
  }

  private func failure(_ content: Data) throws -> String {
    let folder = TestFolder()
    let url = try folder.write(content, as: "ggml.bin")
    return try #require(throws: CheckpointError.self) { try openCheckpoint(at: url) }.description
  }

  /// The eleventh number of the header says what the tensors are stored as.
  @Test(arguments: [
    (Int32(9), "q5_1"), (2, "q4_0"), (2007, "q8_0"), (1008, "q5_0"), (14, "q6_K"), (77, "77"),
    (-1, "type is -1"),
  ])
  func quantised(number: Int32, message: String) throws {
    #expect(try failure([11: number]).contains(message))
  }

  @Test(arguments: [
    (1, Int32(100), "decoder.embed_tokens.weight has shape [99, 12]"), (1, -1, "vocabulary size is -1"),
    (3, 0, "audio width is 0"), (3, 24, "equal the audio width"), (5, 3, "lacks tensor encoder.layers.2"),
    (5, 1, "not part of"), (5, .max, "audio layers is"), (4, 5, "heads do not divide"),
    (12, .max, "cut short"), (12, -1, "cut short"),
  ])
  func header(index: Int, number: Int32, message: String) throws {
    let found = try failure([index: number])
    #expect(found.contains(message), "\(found)")
  }

  @Test func vocabularyWithoutEnd() throws {
    // The number of tokens follows signature, header, and the two dimensions and numbers of the mel filters.
    let position = 12 + 2 + 8 * 201
    #expect(try failure([position: -1]).contains("cut short"))
    #expect(try failure([position + 1: .max]).contains("cut short"))
  }

  @Test(arguments: [
    (Int32(5), Int32(0), Int32(1), "5 dimensions"), (0, 0, 1, "0 dimensions"), (1, 7, 4, "q5_1"),
    (2, 0, .max, "impossible"),
    (1, 0, 1000, "cut short"), (1, 9999, 1, "type 9999"),
  ])
  func tensor(rank: Int32, type: Int32, size: Int32, message: String) throws {
    var content = try Data(contentsOf: CheckpointFixture.folder.appending(path: "ggml-f16.bin"))
    let name = "encoder.x"
    // A rank of 2 stands for a shape whose product overflows 64 bits together with its type's size.
    let dimensions = rank == 2 ? [-1, -1] : [Int32](repeating: size, count: Int(rank))
    for number in [rank, Int32(name.utf8.count), type] + dimensions {
      content.append(contentsOf: (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
    }
    content.append(contentsOf: name.utf8)
    content.append(Data(count: 8))
    let found = try failure(content)
    #expect(found.contains(message), "\(found)")
  }

  @Test func tensorTwice() throws {
    let content = try Data(contentsOf: CheckpointFixture.folder.appending(path: "ggml-f32.bin"))
    let name = try #require(content.range(of: Data("encoder.ln_post.bias".utf8)))
    // Rank, length of the name, type and one dimension stand before the name, twelve floats after it.
    let tensor = content[(name.lowerBound - 16)..<(name.upperBound + 48)]
    #expect(try failure(content + tensor).contains("twice"))
  }
}
