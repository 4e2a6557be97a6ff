// The safetensors reader and writer by themselves.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Synchronization
import Testing

@Suite struct SafetensorsTests {
  @Test func roundTrip() throws {
    let folder = TestFolder()
    let url = folder.url.appending(path: "a.safetensors")
    var writer = SafetensorsWriter(metadata: ["made by": "a \"test\" \\ with\nlines", "größe": "é"])
    writer.add("odd", shape: [3], floats: [1, -0.0, .infinity])
    writer.add("b/scalar", shape: [], floats: [2.5])
    writer.add("empty", shape: [0, 4], floats: [])
    writer.add("numbers", type: .int32, shape: [2]) { _ in Data([1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF]) }
    writer.add("matrix", shape: [2, 16], floats: (0..<32).map(Float.init))
    try writer.write(to: url)

    let file = try SafetensorsFile(url)
    #expect(file.metadata == ["made by": "a \"test\" \\ with\nlines", "größe": "é"])
    #expect(file.entries.map(\.name) == ["b/scalar", "empty", "matrix", "numbers", "odd"])
    #expect(file.entries.map(\.shape) == [[], [0, 4], [2, 16], [2], [3]])
    #expect(try file.floats(of: "odd").map(\.bitPattern) == [Float(1), -0.0, .infinity].map(\.bitPattern))
    #expect(try file.floats(of: "b/scalar") == [2.5])
    #expect(try file.floats(of: "empty") == [])
    #expect(try file.floats(of: "matrix") == (0..<32).map(Float.init))
    #expect(try file.integers(of: "numbers") == [1, -2])
    #expect(try file.data(of: "numbers") == Data([1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF]))
    #expect(file.entries.allSatisfy { $0.bytes.lowerBound % SafetensorsWriter.alignment == 0 })
  }

  /// Bytes that come in pieces are asked for in order, each once, and stand as if they had come at once.
  @Test func pieces() throws {
    let folder = TestFolder()
    let url = folder.url.appending(path: "a.safetensors")
    let asked = Mutex<[Int]>([])
    var writer = SafetensorsWriter()
    writer.add("before", type: .uint8, shape: [3]) { _ in Data([7, 8, 9]) }
    // 100 bytes in pieces of 0, 1, 2 ... 13 and the 9 that are left.
    writer.add("in pieces", type: .uint8, shape: [100], pieces: 15) { piece in
      asked.withLock { $0.append(piece) }
      let first = piece * (piece - 1) / 2
      return Data((first..<min(first + piece, 100)).map(UInt8.init))
    }
    writer.add("after", shape: [1], floats: [2.5])
    #expect(writer.byteCount == 107)
    var told = 0
    try writer.write(to: url) { (bytes) throws(CheckpointError) in told += bytes.count }

    #expect(asked.withLock { $0 } == Array(0..<15))
    let file = try SafetensorsFile(url)
    #expect(told == file.file.count)
    #expect(try file.data(of: "in pieces") == Data((0..<100).map(UInt8.init)))
    #expect(try file.integers(of: "before") == [7, 8, 9])
    #expect(try file.floats(of: "after") == [2.5])
  }

  /// Pieces that are too few or too many bytes together, and a piece that can't be made: no file, and nothing else.
  @Test(arguments: [1, 3, 4]) func wrongPieces(count: Int) throws {
    let folder = TestFolder()
    let url = folder.url.appending(path: "a.safetensors")
    var writer = SafetensorsWriter()
    writer.add("x", type: .uint8, shape: [4], pieces: count) { piece throws(CheckpointError) in
      if piece == 3 { throw .emptyFile(file: "a source") }
      return Data([1, 2])
    }
    let expected: CheckpointError =
      count == 4
      ? .emptyFile(file: "a source")
      : .wrongShape(name: "x", found: [2 * count], expected: [4], file: url.path())
    #expect(throws: expected) { try writer.write(to: url) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path()) == [])
  }

  /// What is told the bytes can end the writing.
  @Test func stopping() throws {
    let folder = TestFolder()
    let url = folder.url.appending(path: "a.safetensors")
    var writer = SafetensorsWriter()
    writer.add("x", type: .uint8, shape: [64], pieces: 64) { Data([UInt8($0)]) }
    var pieces = 0
    #expect(throws: CheckpointError.emptyFile(file: "stop")) {
      try writer.write(to: url) { (_) throws(CheckpointError) in
        pieces += 1
        if pieces == 9 { throw .emptyFile(file: "stop") }
      }
    }
    #expect(pieces == 9)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path()) == [])
  }

  @Test func replacesAtTheEndOnly() throws {
    let folder = TestFolder()
    let url = folder.url.appending(path: "a.safetensors")
    var first = SafetensorsWriter()
    first.add("x", shape: [1], floats: [1])
    try first.write(to: url)
    // A writer that fails half way leaves the old file, and nothing else.
    var second = SafetensorsWriter()
    second.add("x", shape: [1], floats: [2])
    second.add("y", type: .uint8, shape: [2]) { _ in Data([1]) }
    #expect(throws: CheckpointError.self) { try second.write(to: url) }
    #expect(try SafetensorsFile(url).floats(of: "x") == [1])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path()) == ["a.safetensors"])

    var third = SafetensorsWriter()
    third.add("x", shape: [1], floats: [3])
    try third.write(to: url)
    #expect(try SafetensorsFile(url).floats(of: "x") == [3])
  }

  @Test func refusesToWriteNamesTwice() throws {
    let folder = TestFolder()
    var writer = SafetensorsWriter()
    writer.add("x", shape: [1], floats: [1])
    writer.add("x", shape: [1], floats: [1])
    let url = folder.url.appending(path: "a.safetensors")
    #expect(throws: CheckpointError.duplicateTensor(name: "x", file: url.path())) {
      try writer.write(to: url)
    }
  }

  /// The reference implementation's files have their own order of tensors and no alignment.
  @Test func readsWhatPythonWrote() throws {
    let file = try SafetensorsFile(CheckpointFixture.folder.appending(path: "hf-f16/model.safetensors"))
    #expect(file.metadata["format"] == "pt")
    #expect(file.entry("model.encoder.conv1.weight")?.shape == [12, 8, 3])
    #expect(file.entry("model.encoder.conv1.weight")?.type == .float16)
    #expect(throws: CheckpointError.self) { try file.integers(of: "model.encoder.conv1.weight") }
  }

  /// Headers that contradict the format, with what the error must say about each.
  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#, "} is expected at byte"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "a second time"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      "overlaps"
    ),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, "gap"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, "4 bytes follow"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "does not fill"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "does not fill"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, "does not fill"),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#, "does not fill"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "does not fill"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,-8]}}"#, "does not fill"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#, "needs 8 bytes, but only 0 are left"),
    (
      #"{"a":{"dtype":"U8","shape":[16],"data_offsets":[9223372036854775790,9223372036854775806]}}"#,
      "cut short"
    ),
    (#"{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}"#, "lacks"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "lacks"),
    (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, "lacks"),
    (#"{"a":{"dtype":"F7","shape":[2],"data_offsets":[0,8]}}"#, "F7"),
    (#"["a"]"#, "not a JSON object"),
    ("{\"a\":" + String(repeating: "[", count: 100_000), "nesting"),
    (#"{"a\ud800":1}"#, "surrogate"),
    ("{\"\u{1}\":1}", "control character"),
  ])
  func hostileHeader(header: String, message: String) throws {
    let error = try #require(
      throws: CheckpointError.self, performing: { try safetensors(header: header, data: Data(count: 8)) })
    #expect(error.description.contains(message), "\(error)")
    #expect(error.description.contains("hostile.safetensors"))
  }

  @Test(arguments: [UInt64.max, 1 << 63, 1 << 40, 100_000_001, 17])
  func hostileHeaderLength(length: UInt64) throws {
    let folder = TestFolder()
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + Array("{}          ".utf8)
    let url = try folder.write(bytes, as: "hostile.safetensors")
    let error = try #require(throws: CheckpointError.self) { try SafetensorsFile(url) }
    #expect(error.description.contains("cut short: the header"))
  }

  /// A header that is really there, but far longer than any model's: it is not parsed.
  @Test func longHeader() throws {
    let header = "{" + String(repeating: " ", count: 17 << 20) + "}"
    let error = try #require(
      throws: CheckpointError.self, performing: { try safetensors(header: header, data: Data()) })
    #expect(error.description.contains("bytes long"))
  }

  private func safetensors(header: String, data: Data) throws -> SafetensorsFile {
    let folder = TestFolder()
    let length = UInt64(header.utf8.count)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
    let url = try folder.write(Data(prefix) + Data(header.utf8) + data, as: "hostile.safetensors")
    return try SafetensorsFile(url)
  }
}
