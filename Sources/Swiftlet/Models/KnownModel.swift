// A model that Swiftlet knows by name.

/// A published Whisper model and where to get it.
public struct KnownModel: Hashable, Sendable {
  /// The name, `tiny.en` to `large-v3-turbo`; the model's folder in the cache is called so.
  public let name: String
  /// Other names for the same model.
  public let aliases: [String]
  /// Where to get it, best first.
  package let sources: [ModelSource]

  package init(name: String, aliases: [String] = [], sources: [ModelSource]) {
    self.name = name
    self.aliases = aliases
    self.sources = sources
  }

  /// What people call its sources, in the order in which they are tried.
  public var sourceNames: [String] { sources.map(\.name) }
}
