// The readers of engine folders: the description, and the header of each half. Weights may be anything.

import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestSupport
import SwiftletWhisper

extension Reader {
  static let engines = [
    Reader(name: "engine-description") {
      [try Data(contentsOf: builtEngine().url.appending(path: "engine/engine.json"))]
    } prepare: {
      let network = try Network(builtEngine())
      return { bytes in
        try network.write(bytes, as: "engine.json")
        try network.loadAndRun()
      }
    },
    header("engine-encoder", .encoder), header("engine-decoder", .decoder),
  ]

  /// The input is the JSON header; the data after it stay, and the description has the right size, which would be found
  /// first if it were wrong.
  private static func header(_ name: String, _ part: EnginePart) -> Reader {
    Reader(name: name) {
      let file = try Data(contentsOf: builtEngine().url.appending(path: "engine/\(part.fileName)"))
      return [file[8..<dataStart(of: file)]]
    } prepare: {
      let network = try Network(builtEngine())
      let folder = network.scratch.url.appending(path: "engine")
      let file = try Data(contentsOf: folder.appending(path: part.fileName))
      // Not Data, whose pointer leak detection doesn't recognise.
      let data = [UInt8](file[dataStart(of: file)...])
      var description = try readEngineDescription(in: folder)
      return { bytes in
        // Data begins on a boundary, up to which writers pad the header with spaces.
        let padding = [UInt8](repeating: 0x20, count: (64 - (8 + bytes.count) % 64) % 64)
        let length = UInt64(bytes.count + padding.count).littleEndian
        try withUnsafeBytes(of: length) { length in
          try padding.withUnsafeBytes { padding in
            try data.withUnsafeBytes { try network.write(length, bytes, padding, $0, as: part.fileName) }
          }
        }
        description.files[part.fileName]?.bytes = 8 + bytes.count + padding.count + data.count
        let json = try JSONEncoder().encode(description)
        try json.withUnsafeBytes { try network.write($0, as: "engine.json") }
        try network.loadAndRun()
      }
    }
  }

  private static func dataStart(of file: Data) -> Int {
    8 + file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// A folder with a folder `engine` in it, of the small network in the fixtures.
  private static func builtEngine() throws -> Scratch {
    let scratch = try Scratch()
    try EngineBuilder(
      checkpoint: openCheckpoint(at: Fixtures.url("whisper")), model: "fixture", encoderPrecision: .int8,
      decoderPrecision: .int8, context: ComputeContext(threads: 1)
    ).build(into: scratch.url.appending(path: "engine"))
    return scratch
  }
}

/// Loads the engine in a folder, and runs it if it can be loaded.
private final class Network {
  let scratch: Scratch
  private let context: ComputeContext
  private let mel: [Float]

  init(_ scratch: Scratch) throws {
    self.scratch = scratch
    context = try ComputeContext(threads: 1)
    mel = try SafetensorsFile(Fixtures.url("whisper/reference.safetensors")).floats(of: "input.mel")
  }

  func write(_ pieces: UnsafeRawBufferPointer..., as name: String) throws {
    try scratch.write(pieces, as: "engine/\(name)")
  }

  func loadAndRun() throws {
    do {
      let model = try WhisperModel(engine: scratch.url.appending(path: "engine"))
      let network = try CPUNetwork(model, context: context)
      let audio = network.makeAudioMemory()
      try network.listen(to: [EncoderInput(logMel: mel)], into: [audio])
      let sequence = network.makeSequence(over: audio)
      sequence.push([0, 1])
      try network.step([sequence])
      _ = network.computeLogits(ofRows: [1])
    } catch let error as EngineError {
      try expect(error.description.contains(scratch.url.lastPathComponent), "no file is named: \(error)")
    } catch let error as CheckpointError {
      try expect(error.description.contains(scratch.url.lastPathComponent), "no file is named: \(error)")
    } catch is WhisperError {
      // Other dimensions than the sound has.
    }
  }
}
