// What can go wrong when a checkpoint is read.

/// Why a checkpoint could not be read; every case names the file.
package enum CheckpointError: Error, Hashable, Sendable {
  /// Nothing lies at this path.
  case notFound(file: String)
  /// The system refused to open or map the file.
  case unreadable(file: String, reason: String)
  /// The system refused to write the file.
  case notWritten(file: String, reason: String)
  /// A device, pipe or socket, or a folder where a file is needed.
  case notAFile(file: String)
  case emptyFile(file: String)
  /// A folder that holds no file which could be a model.
  case noModelInFolder(folder: String)
  /// A folder that holds several models and no sign of which is meant.
  case severalModels(folder: String, found: [String])
  /// A file of none of the known formats; `beginning` says what it looks like.
  case unrecognizedFormat(file: String, beginning: String)
  /// A model, but for another program or of another network.
  case notWhisper(file: String, found: String)
  /// The file ends before its own contents say it should.
  case truncated(file: String, what: String, needed: Int, available: Int)
  /// The file contradicts its format.
  case malformed(file: String, reason: String)
  /// A version or variant of the format that cannot be read; `advice` says what to do.
  case unsupported(file: String, what: String, advice: String)
  /// A number type that has no fp32 reading here.
  case unsupportedType(tensor: String, type: String, file: String)
  /// A pickle that asks for something other than tensors, containers and numbers.
  case refusedPickle(file: String, what: String)
  /// A file beside the model that is needed to read it.
  case missingCompanion(file: String, needed: String)
  case duplicateTensor(name: String, file: String)
  case missingTensor(name: String, file: String)
  /// A tensor inside the encoder or decoder that Whisper's network has no place for.
  case unexpectedTensor(name: String, file: String)
  case wrongShape(name: String, found: [Int], expected: [Int], file: String)
  /// A dimension that no network can have, or two that contradict each other.
  case badDimension(name: String, value: String, reason: String, file: String)
  case noSuchTensor(name: String, file: String)
}

extension CheckpointError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notFound(let file):
      "\(file): there is no such file or folder. Check the path, or give the name of a known model."
    case .unreadable(let file, let reason):
      "\(file) cannot be read: \(reason). Check the permissions and the disk."
    case .notWritten(let file, let reason):
      "\(file) cannot be written: \(reason). Check the permissions and the free disk space."
    case .notAFile(let file):
      "\(file) is not a regular file. Give the path of a model file or of a folder that contains one."
    case .emptyFile(let file):
      "\(file) is empty. Fetch it again: the download or copy probably failed."
    case .noModelInFolder(let folder):
      "\(folder) contains no model. It should contain model.safetensors, model.bin, pytorch_model.bin, or one .pt file."
    case .severalModels(let folder, let found):
      "\(folder) contains several models (\(found.joined(separator: ", "))). Give the path of the one you mean."
    case .unrecognizedFormat(let file, let beginning):
      "\(file) is not a model that Swiftlet can read: \(beginning). It reads Hugging Face safetensors and "
        + "pytorch_model.bin, OpenAI .pt, CTranslate2 model.bin and whisper.cpp ggml files."
    case .notWhisper(let file, let found):
      "\(file) contains \(found), not a Whisper model. Give the path of a Whisper checkpoint."
    case .truncated(let file, let what, let needed, let available):
      "\(file) is cut short: \(what) needs \(needed) bytes, but only \(available) are left. Fetch the file again."
    case .malformed(let file, let reason):
      "\(file) is damaged: \(reason). Fetch or convert the file again."
    case .unsupported(let file, let what, let advice):
      "\(file): \(what) cannot be read. \(advice)"
    case .unsupportedType(let tensor, let type, let file):
      "\(file): tensor \(tensor) is stored as \(type), which cannot be read. Convert the model to float16 or float32."
    case .refusedPickle(let file, let what):
      "\(file): Swiftlet refuses to run \(what). A checkpoint may contain only tensors, containers, numbers and text; "
        + "save it again as a plain state dictionary or as safetensors, and do not open this file with Python."
    case .missingCompanion(let file, let needed):
      "\(file) cannot be read without \(needed). Copy that file from the model's source."
    case .duplicateTensor(let name, let file):
      "\(file) contains tensor \(name) twice. Convert the model again."
    case .missingTensor(let name, let file):
      "\(file) lacks tensor \(name). The file is incomplete, or its config belongs to another model."
    case .unexpectedTensor(let name, let file):
      "\(file) contains tensor \(name), which is not part of Whisper's network. "
        + "If this is an adapter or a modified network, merge it into a plain Whisper model first."
    case .wrongShape(let name, let found, let expected, let file):
      "\(file): tensor \(name) has shape \(found), but the model's dimensions require \(expected). "
        + "Its config probably belongs to another model."
    case .badDimension(let name, let value, let reason, let file):
      "\(file): \(name) is \(value), but \(reason). The file is damaged or is not a Whisper model."
    case .noSuchTensor(let name, let file):
      "\(file) has no tensor \(name)."
    }
  }
}
