// One engine file, mapped and used in place.

package import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletFiles

/// The tensors of an encoder engine or a decoder engine, checked to be there with the right shapes.
struct EngineFile {
  let precision: Precision
  private let header: SafetensorsFile
  private let memory: MappedMemory
  private let recipe: EngineRecipe
  private let linears: [String: LinearRecipe]
  private var name: String { header.file.name }

  init(_ part: EnginePart, in folder: URL, _ description: EngineDescription) throws {
    let url = folder.appending(path: part.fileName)
    let name = url.path(percentEncoded: false)
    guard FileManager.default.fileExists(atPath: name) else {
      throw EngineError.notAnEngine(folder: folder.path(percentEncoded: false), missing: part.fileName)
    }
    precision = part == .encoder ? description.encoderPrecision : description.decoderPrecision
    (memory, header) = try map(url)
    recipe = EngineRecipe(part, precision: precision, dimensions: description.dimensions)
    linears = Dictionary(uniqueKeysWithValues: recipe.linears.map { ($0.name, $0) })
    try check(header.metadata, part, description)
  }

  private func check(
    _ metadata: [String: String], _ part: EnginePart, _ description: EngineDescription
  ) throws(EngineError) {
    try checkVersion(
      file: name, version: metadata[EngineFormat.Key.version], packing: metadata[EngineFormat.Key.packing])
    for (key, expected) in [
      (EngineFormat.Key.part, part.rawValue), (EngineFormat.Key.precision, precision.rawValue),
      (EngineFormat.Key.checkpoint, description.checkpoint),
    ] where metadata[key] != expected {
      throw .damaged(
        file: name, reason: "its \(key) is \(metadata[key] ?? "missing") but engine.json says \(expected)")
    }
    // Fewer layers, or a vocabulary that ends within the same panel, would fit the tensors and give other text.
    let dimensions = metadata[EngineFormat.Key.dimensions].flatMap {
      try? JSONDecoder().decode(ModelDimensions.self, from: Data($0.utf8))
    }
    guard dimensions == description.dimensions else {
      throw .damaged(file: name, reason: "its dimensions are not those in engine.json")
    }
    let expected = description.files[part.fileName]?.bytes ?? 0
    guard memory.byteCount == expected, header.file.count == expected else {
      throw .wrongSize(file: name, found: memory.byteCount, expected: expected)
    }
  }

  /// The packed layer called `name`.
  func linear(_ name: String) throws(EngineError) -> PackedLinear {
    guard let linear = linears[name] else {
      throw .damaged(file: self.name, reason: "it has no layer \(name)")
    }
    let weights = try tensor("\(name).weight", linear.precision.elementType, linear.packedShape)
    let isInt8 = linear.precision == .int8
    let wide = [linear.wideColumns]
    return PackedLinear(
      precision: linear.precision, columns: linear.columns, depth: linear.depth, weights: weights,
      scales: isInt8 ? try tensor("\(name).scale", .float32, wide).assumingMemoryBound(to: Float.self) : nil,
      sums: isInt8 ? try tensor("\(name).sum", .int32, wide).assumingMemoryBound(to: Int32.self) : nil,
      bias: linear.hasBias
        ? try tensor("\(name).bias", .float32, wide).assumingMemoryBound(to: Float.self) : nil,
      smoothing: linear.smoothedNorm == nil
        ? nil
        : try tensor("\(name).smoothing", .float32, [linear.depth]).assumingMemoryBound(to: Float.self),
      owner: memory)
  }

  func norm(_ name: String) throws(EngineError) -> LayerNormalization {
    let shape = [recipe.width]
    return LayerNormalization(
      width: recipe.width,
      gamma: try tensor("\(name).weight", .float32, shape).assumingMemoryBound(to: Float.self),
      beta: try tensor("\(name).bias", .float32, shape).assumingMemoryBound(to: Float.self), owner: memory)
  }

  /// The position embedding, `[positions, width]`.
  func positions() throws(EngineError) -> Matrix {
    let pointer = try tensor(
      "\(recipe.part.rawValue).embed_positions.weight", .float32, [recipe.positions, recipe.width])
    return Matrix(
      rows: recipe.positions, columns: recipe.width, mapped: pointer.assumingMemoryBound(to: Float.self),
      owner: memory)
  }

  private func tensor(
    _ name: String, _ type: ElementType, _ shape: [Int]
  ) throws(EngineError) -> UnsafeRawPointer {
    guard let entry = header.entry(name) else {
      throw .damaged(file: self.name, reason: "tensor \(name) is missing")
    }
    guard entry.type == type, entry.shape == shape else {
      throw .damaged(
        file: self.name,
        reason: "tensor \(name) is \(entry.type.rawValue) \(entry.shape), not \(type.rawValue) \(shape)")
    }
    guard entry.bytes.lowerBound % SafetensorsWriter.alignment == 0,
      entry.bytes.upperBound <= memory.byteCount
    else {
      throw .damaged(file: self.name, reason: "tensor \(name) is not aligned to 64 bytes")
    }
    return memory.base + entry.bytes.lowerBound
  }
}

/// Maps an engine and reads its header; damage is told in an engine's words.
private func map(_ url: URL) throws -> (MappedMemory, SafetensorsFile) {
  let name = url.path(percentEncoded: false)
  do throws(CheckpointError) {
    let memory = try MappedFile.map(url)
    return (memory, try SafetensorsFile(MappedFile(name: name, data: memory.data)))
  } catch {
    switch error {
    case .truncated(_, let what, let needed, let available):
      throw EngineError.damaged(file: name, reason: "\(what) needs \(needed) bytes and \(available) are left")
    case .malformed(_, let reason): throw EngineError.damaged(file: name, reason: reason)
    case .emptyFile: throw EngineError.damaged(file: name, reason: "it is empty")
    default: throw error
    }
  }
}

/// Reads `engine.json` and checks that this program can use the engine.
package func readEngineDescription(in folder: URL) throws -> EngineDescription {
  let url = folder.appending(path: EngineFormat.description)
  let name = url.path(percentEncoded: false)
  guard let data = try? Data(contentsOf: url) else {
    throw EngineError.notAnEngine(
      folder: folder.path(percentEncoded: false), missing: EngineFormat.description)
  }
  // The version first: another version may say other things.
  struct Version: Decodable {
    var version: String?
    var packing: String?
  }
  guard let version = try? JSONDecoder().decode(Version.self, from: data) else {
    throw EngineError.damaged(file: name, reason: "it is not the JSON description of an engine")
  }
  try checkVersion(file: name, version: version.version, packing: version.packing)
  let description: EngineDescription
  do {
    description = try JSONDecoder().decode(EngineDescription.self, from: data)
  } catch {
    throw EngineError.damaged(file: name, reason: "part of its description is missing")
  }
  try checkDimensions(description.dimensions, file: name)
  return description
}

/// Compares the SHA-256 of both engines with what it was when they were built.
///
/// - Throws: ``EngineError``, or `CancellationError` if the task is cancelled.
package func verifyEngine(in folder: URL) throws {
  let description = try readEngineDescription(in: folder)
  for part in EnginePart.allCases {
    let url = folder.appending(path: part.fileName)
    let found = try fileDigest(of: try MappedFile(url)) { try Task.checkCancellation() }
    guard found == description.files[part.fileName]?.sha256 else {
      throw EngineError.wrongDigest(file: url.path(percentEncoded: false))
    }
  }
}

private func checkVersion(file: String, version: String?, packing: String?) throws(EngineError) {
  guard version == EngineFormat.version else {
    throw .wrongVersion(file: file, found: version ?? "none", expected: EngineFormat.version)
  }
  guard packing == EngineFormat.packing else {
    throw .wrongPacking(file: file, found: packing ?? "none", expected: EngineFormat.packing)
  }
}

/// Numbers from a file must not size anything before they are checked.
private func checkDimensions(_ d: ModelDimensions, file: String) throws(EngineError) {
  let all = [
    d.melBins, d.audioContext, d.audioWidth, d.audioHeads, d.audioLayers, d.textContext, d.textWidth,
    d.textHeads,
    d.textLayers, d.vocabularySize,
  ]
  // A recipe is made for every layer before the first is looked for.
  guard all.allSatisfy({ (1...1_000_000).contains($0) }), max(d.audioLayers, d.textLayers) <= 1_000,
    d.audioWidth % d.audioHeads == 0,
    d.textWidth % d.textHeads == 0, d.audioWidth / d.audioHeads <= PackedLinear.panelColumns,
    d.textWidth / d.textHeads <= PackedLinear.panelColumns, d.audioWidth == d.textWidth
  else { throw .damaged(file: file, reason: "its dimensions are impossible for a network") }
}
