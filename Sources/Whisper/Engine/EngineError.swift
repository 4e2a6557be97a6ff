// What can go wrong when an engine is built or loaded.

/// Why an engine was refused.
package enum EngineError: Error, Hashable, Sendable {
  /// Not a folder with an `engine.json` and both engines.
  case notAnEngine(folder: String, missing: String)
  /// Made by another version of Swiftlet.
  case wrongVersion(file: String, found: String, expected: String)
  /// Packed for another kind of kernel than this program has.
  case wrongPacking(file: String, found: String, expected: String)
  /// Shorter or longer than when it was built.
  case wrongSize(file: String, found: Int, expected: Int)
  /// Its contents do not fit its description.
  case damaged(file: String, reason: String)
  /// A digest differs: at least one bit has changed.
  case wrongDigest(file: String)
  /// A network that the kernels can't run.
  case unsupportedHead(width: Int)
  /// A network that the kernels for GPUs can't run.
  case unsupportedOnDevice(reason: String)
  /// The folder is there and is no engine.
  case occupied(folder: String)
  case notWritten(folder: String, reason: String)
}

extension EngineError: CustomStringConvertible {
  package var description: String {
    let again = "Build it again."
    return switch self {
    case .notAnEngine(let folder, let missing):
      "\(folder) is not an engine: \(missing) is missing. \(again)"
    case .wrongVersion(let file, let found, let expected):
      "\(file) has version \(found) of the engine format, but this program reads version \(expected). \(again)"
    case .wrongPacking(let file, let found, let expected):
      "\(file) is packed as \(found), but this program reads \(expected). \(again)"
    case .wrongSize(let file, let found, let expected):
      "\(file) has \(found) bytes, but had \(expected) when it was built: it was cut short or changed. \(again)"
    case .damaged(let file, let reason): "\(file) is damaged: \(reason). \(again)"
    case .wrongDigest(let file):
      "\(file) has changed since it was built: its SHA-256 differs. \(again)"
    case .unsupportedHead(let width):
      "The model has attention heads of \(width) channels; Swiftlet supports at most 64, which is what every published "
        + "Whisper model has."
    case .unsupportedOnDevice(let reason):
      "The model can't run on a GPU: \(reason). Run it on the CPU."
    case .occupied(let folder):
      "\(folder) exists and is not an engine, so it was not replaced. Choose another folder, or remove it."
    case .notWritten(let folder, let reason):
      "The engine cannot be written to \(folder): \(reason). Check the permissions and the free disk space."
    }
  }
}
