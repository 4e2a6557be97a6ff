// What a caller hears while a model is being fetched.

public import Foundation

extension ModelStore {
  /// A step of fetching a model.
  public enum Progress: Hashable, Sendable {
    /// Another process is fetching the same model; this one waits, then uses what that one got.
    case waiting(model: String)
    /// A source is being tried.
    case trying(source: String)
    /// Bytes are arriving: `done` so far, of `total` if that is known.
    case downloading(source: String, file: String, done: Int64, total: Int64?)
    /// A file has arrived and its digest is being computed.
    case verifying(file: String)
    /// A package is being unpacked.
    case unpacking(file: String)
    /// A source failed; the next, if there is one, is tried.
    case failed(source: String, reason: String)
    /// The model is in the cache.
    case finished(URL)

    /// Called for every step, from any thread; it should return quickly.
    public typealias Handler = @Sendable (Progress) -> Void
  }
}
