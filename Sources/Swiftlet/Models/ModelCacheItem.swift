// One thing in the cache.

public import Foundation

extension ModelCache {
  /// A model, an engine, or something else in the cache; see ``ModelCache``.
  public struct Item: Hashable, Codable, Sendable {
    /// What it is.
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
      /// Files as they were published.
      case model
      /// What was built of a model.
      case engine
      /// A download that has not come to its end; the next pull goes on with it.
      case download
      /// What a build or a removal that was killed has left.
      case leftover
      /// The file of a lock.
      case lock
      /// Something else, such as data sets and journals of evaluations; ``ModelCache/remove(_:)`` leaves it alone.
      case other
    }

    /// Why it is of no use any more.
    public enum Waste: String, Hashable, Codable, Sendable {
      /// An engine's model was removed or moved.
      case checkpointGone
      /// An engine's model is another one now.
      case checkpointChanged
      /// An engine of a version of Swiftlet with another format, or one that can't be read.
      case unreadable
      /// Nobody works on it: a download untouched for a day or of a model that is complete, the rest of a build, a lock.
      case abandoned
    }

    /// What it is.
    public var kind: Kind
    /// Of a model or a download, the model's name; of others, that of the file or folder.
    public var name: String
    /// The file or folder.
    public var url: URL
    /// Of all its files.
    public var bytes: Int64
    /// The model that an engine was built of.
    public var model: String?
    /// An engine's precision, that of encoder and decoder if they differ: `int8/fp32`.
    public var precision: String?
    /// The checkpoint's files that an engine was built of, if that is known.
    public var source: [String]?
    /// When an engine was last loaded, if that is known.
    public var lastUsed: Date?
    /// Whether a process is using, building or fetching it.
    public var isInUse: Bool
    /// Why it is of no use any more; nil if it may be.
    public var waste: Waste?
  }
}
