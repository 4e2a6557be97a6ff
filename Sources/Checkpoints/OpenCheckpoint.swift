// Opens a model whatever its format, which is recognised by the contents of the files.

package import Foundation

/// Opens the Whisper model at `url`: a file, or a folder that holds one.
///
/// In a folder the first of these is taken: `model.safetensors`, `model.safetensors.index.json`, `model.bin`,
/// `pytorch_model.bin`, `pytorch_model.bin.index.json`, then a single `.safetensors`, `.pt`, `.pth` or `.bin` file of any name. Only headers
/// are read (and small tensors that must be zero); weights are read when they are asked for.
///
/// - Throws: a ``CheckpointError`` that names the file.
package func openCheckpoint(at url: URL) throws(CheckpointError) -> any Checkpoint {
  let path = url.path(percentEncoded: false)
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
    throw .notFound(file: path)
  }
  return try open(isFolder.boolValue ? modelFile(inFolder: url) : url)
}

/// The file of a folder that the model is opened by.
private func modelFile(inFolder folder: URL) throws(CheckpointError) -> URL {
  let path = folder.path(percentEncoded: false)
  let names: [String]
  do {
    names = try FileManager.default.contentsOfDirectory(atPath: path)
  } catch {
    throw .unreadable(file: path, reason: error.localizedDescription)
  }
  let known = [
    "model.safetensors", "model.safetensors.index.json", "model.bin", "pytorch_model.bin",
    "pytorch_model.bin.index.json",
  ]
  if let name = known.first(where: names.contains) { return folder.appending(path: name) }
  let extensions: Set = ["safetensors", "pt", "pth", "bin"]
  let candidates = names.filter { extensions.contains(URL(filePath: $0).pathExtension) && !$0.hasPrefix(".") }
  guard let name = candidates.first else { throw .noModelInFolder(folder: path) }
  guard candidates.count == 1 else { throw .severalModels(folder: path, found: candidates.sorted()) }
  return folder.appending(path: name)
}

private func open(_ url: URL) throws(CheckpointError) -> any Checkpoint {
  let file = try MappedFile(url)
  switch try FileSignature(of: file) {
  case .safetensors: return try readSafetensors(file)
  case .shardIndex: return try readSharded(index: file)
  case .ctranslate2: return try readCTranslate2(file)
  case .zip: return try readPyTorch(file)
  case .ggml: return try readGGML(file)
  }
}
