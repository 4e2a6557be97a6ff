// What the store of engines tells its callers: steps, and why it refuses.

public import Foundation

extension EngineStore {
  /// What building an engine has to tell.
  public enum Progress: Hashable, Sendable {
    /// Another process is building the same engine; this one waits, then uses what that one built.
    case waiting(model: String)
    /// A plain model is given, and no engine of it is in the cache.
    case building(model: String, precisions: EnginePrecisions)
    /// Bytes written so far, and in all.
    case written(done: Int, total: Int)
    /// An engine in the cache was of no use; it is built again.
    case discarded(reason: String)
    /// The cache can't be written, so the engine is built in the temporary folder, for this process alone.
    case notKept(reason: String)
    /// The engine is in this folder.
    case finished(URL)
  }
}

/// Why a model can't be used as it was asked for.
enum EngineStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// An engine has the precision that it was built at.
  case otherPrecision(engine: String, found: String, wanted: String)
  /// An engine can't be built from an engine.
  case alreadyEngine(String)

  var description: String {
    switch self {
    case .otherPrecision(let engine, let found, let wanted):
      "\(engine) is an engine at \(found), not at \(wanted); leave the precision out, or give the model it was built from."
    case .alreadyEngine(let path):
      "\(path) is an engine already; give the model it was built from."
    }
  }
}
