// Builds an engine folder from a checkpoint, a few panels at a time.

internal import Crypto
package import Foundation
import SwiftletBasics
package import SwiftletCheckpoints
package import SwiftletCompute
import SwiftletFiles

/// Packs a checkpoint for this program's kernels.
///
/// In memory are at any time one tensor of the checkpoint as fp32 and a piece of its packed form.
package struct EngineBuilder {
  package let checkpoint: any Checkpoint
  package let model: String
  package let encoderPrecision: Precision
  package let decoderPrecision: Precision
  package let context: ComputeContext

  package init(
    checkpoint: any Checkpoint, model: String, encoderPrecision: Precision, decoderPrecision: Precision,
    context: ComputeContext
  ) {
    self.checkpoint = checkpoint
    self.model = model
    self.encoderPrecision = encoderPrecision
    self.decoderPrecision = decoderPrecision
    self.context = context
  }

  /// Builds into `folder`, which appears complete or not at all; an engine that was there is replaced.
  ///
  /// - Parameters:
  ///   - companions: files that are copied beside the engines: the tokenizer.
  ///   - progress: bytes written, and bytes in all.
  /// - Throws: ``EngineError``, ``CheckpointError``, `CancellationError` if the task is cancelled, or what `progress` throws,
  ///   which ends the building.
  package func build(
    into folder: URL, companions: [URL] = [],
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws {
    let dimensions = checkpoint.dimensions
    for (width, heads) in [
      (dimensions.audioWidth, dimensions.audioHeads), (dimensions.textWidth, dimensions.textHeads),
    ] where width / heads > PackedLinear.panelColumns {
      throw EngineError.unsupportedHead(width: width / heads)
    }
    let files = FileManager.default
    let path = folder.path(percentEncoded: false)
    if files.fileExists(atPath: path), (try? files.contentsOfDirectory(atPath: path).isEmpty) != true,
      !isEngine(at: folder)
    {
      throw EngineError.occupied(folder: path)
    }
    let parent = folder.deletingLastPathComponent()
    let partial = parent.appending(path: ".\(folder.lastPathComponent).\(UUID().uuidString).partial")
    do {
      try files.createDirectory(at: partial, withIntermediateDirectories: true)
    } catch {
      throw EngineError.notWritten(folder: path, reason: fileErrorReason(error))
    }
    defer { try? files.removeItem(at: partial) }
    removeAbandoned(in: parent, of: folder)
    do {
      try write(to: partial, companions: companions, progress: progress)
      try replace(folder, with: partial)
    } catch CheckpointError.notWritten(_, let reason) {
      throw EngineError.notWritten(folder: path, reason: reason)
    } catch let error as CocoaError {
      throw EngineError.notWritten(folder: path, reason: fileErrorReason(error))
    }
  }

  private func write(
    to folder: URL, companions: [URL], progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws {
    var description = EngineDescription(
      version: EngineFormat.version, packing: EngineFormat.packing, model: model,
      dimensions: checkpoint.dimensions, encoderPrecision: encoderPrecision,
      decoderPrecision: decoderPrecision,
      checkpoint: try checkpointDigest(of: checkpoint) { try Task.checkCancellation() },
      alignmentHeads: checkpoint.alignmentHeads, files: [:])
    let writers = try EnginePart.allCases.map { ($0, try writer(of: $0, description)) }
    let total = writers.reduce(0) { $0 + $1.1.byteCount }
    var done = 0
    for (part, writer) in writers {
      var hash = SHA256()
      var bytes = 0
      var stopped: (any Error)?
      do {
        try writer.write(to: folder.appending(path: part.fileName)) { (piece) throws(CheckpointError) in
          hash.update(data: piece)
          bytes += piece.count
          done += piece.count
          do {
            try Task.checkCancellation()
            try progress(min(done, total), total)
          } catch {
            stopped = error
            throw .unreadable(file: part.fileName, reason: "stopped")
          }
        }
      } catch {
        throw stopped ?? error
      }
      description.files[part.fileName] = .init(
        bytes: bytes, sha256: hexadecimal(hash.finalize()))
    }
    for companion in companions {
      try FileManager.default.copyItem(
        at: companion, to: folder.appending(path: companion.lastPathComponent))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(description).write(to: folder.appending(path: EngineFormat.description))
  }

  private func writer(of part: EnginePart, _ description: EngineDescription) throws -> SafetensorsWriter {
    let precision = part == .encoder ? encoderPrecision : decoderPrecision
    let recipe = EngineRecipe(part, precision: precision, dimensions: checkpoint.dimensions)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var writer = SafetensorsWriter(metadata: [
      EngineFormat.Key.version: EngineFormat.version,
      EngineFormat.Key.part: part.rawValue,
      EngineFormat.Key.packing: EngineFormat.packing,
      EngineFormat.Key.precision: precision.rawValue,
      EngineFormat.Key.model: description.model,
      EngineFormat.Key.dimensions: String(
        decoding: try encoder.encode(description.dimensions), as: UTF8.self),
      EngineFormat.Key.checkpoint: description.checkpoint,
    ])
    let checkpoint = checkpoint
    var smoothing: [String: LayerSmoothing] = [:]
    for linear in recipe.linears {
      let layer = linear.smoothedNorm.map { LayerSmoothing(of: linear, after: $0, checkpoint) }
      if let layer { smoothing[layer.norm] = layer }
      add(linear, smoothing: layer, to: &writer)
    }
    for norm in recipe.norms {
      for part in ["weight", "bias"] {
        writer.add("\(norm).\(part)", type: .float32, shape: [recipe.width]) { _ throws(CheckpointError) in
          let values = try checkpoint.floats(of: "\(norm).\(part)")
          guard let scales = try smoothing[norm]?.scales() else { return bytes(values) }
          return bytes(zip(values, scales).map { $0 / $1 })
        }
      }
    }
    let name = "\(part.rawValue).embed_positions.weight"
    writer.add(name, type: .float32, shape: [recipe.positions, recipe.width]) { _ throws(CheckpointError) in
      bytes(try checkpoint.floats(of: name))
    }
    return writer
  }

  private func add(_ linear: LinearRecipe, smoothing: LayerSmoothing?, to writer: inout SafetensorsWriter) {
    let packer = LinearPacker(linear, smoothing: smoothing, checkpoint, context)
    writer.add(
      "\(linear.name).weight", type: linear.precision.elementType, shape: linear.packedShape,
      pieces: packer.pieces
    ) { piece throws(CheckpointError) in try packer.piece(piece) }
    if linear.precision == .int8 {
      writer.add("\(linear.name).scale", type: .float32, shape: [linear.wideColumns]) { _ in
        bytes(packer.scales)
      }
      writer.add("\(linear.name).sum", type: .int32, shape: [linear.wideColumns]) { _ in bytes(packer.sums) }
    }
    if linear.hasBias {
      let checkpoint = checkpoint
      writer.add("\(linear.name).bias", type: .float32, shape: [linear.wideColumns]) {
        _ throws(CheckpointError) in
        let values = try linear.bias(checkpoint)
        return bytes(values + [Float](repeating: 0, count: linear.wideColumns - values.count))
      }
    }
    if let smoothing {
      writer.add("\(linear.name).smoothing", type: .float32, shape: [linear.depth]) {
        _ throws(CheckpointError) in bytes(try smoothing.scales())
      }
    }
  }
}

private func bytes<Value: BitwiseCopyable>(_ values: [Value]) -> Data { values.withUnsafeBytes { Data($0) } }

/// Whether `folder` looks like an engine.
package func isEngine(at folder: URL) -> Bool {
  FileManager.default.fileExists(
    atPath: folder.appending(path: EngineFormat.description).path(percentEncoded: false))
}

/// Puts `new` in the place of `folder`; a folder can't be replaced in one step, so that the old one is moved aside first.
private func replace(_ folder: URL, with new: URL) throws {
  let files = FileManager.default
  guard files.fileExists(atPath: folder.path(percentEncoded: false)) else {
    return try files.moveItem(at: new, to: folder)
  }
  let old = folder.deletingLastPathComponent().appending(
    path: ".\(folder.lastPathComponent).\(UUID().uuidString).old")
  try files.moveItem(at: folder, to: old)
  do {
    try files.moveItem(at: new, to: folder)
  } catch {
    try? files.moveItem(at: old, to: folder)
    throw error
  }
  try? files.removeItem(at: old)
}

/// Removes what builds of the same engine that were killed have left: they are known by not having been touched for a day.
private func removeAbandoned(in parent: URL, of folder: URL) {
  let files = FileManager.default
  let names = (try? files.contentsOfDirectory(atPath: parent.path(percentEncoded: false))) ?? []
  for name in names
  where name.hasPrefix(".\(folder.lastPathComponent).")
    && (name.hasSuffix(".partial") || name.hasSuffix(".old"))
  {
    let url = parent.appending(path: name)
    let modified = try? url.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    if let modified, modified.timeIntervalSinceNow < -86_400 { try? files.removeItem(at: url) }
  }
}
