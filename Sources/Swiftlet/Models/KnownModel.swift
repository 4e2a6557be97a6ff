// A model that can be fetched by name.

/// A published Whisper model and where to get it: one of ``all``, or a repository of the Hugging Face hub.
public struct KnownModel: Hashable, Sendable {
  /// The name: `tiny.en`, `distil-large-v3`, or `OWNER/NAME@REVISION` for a repository.
  public let name: String
  /// Other names for the same model.
  public let aliases: [String]
  /// Where to get it, best first.
  package let sources: [ModelSource]
  /// The repository, if the model is named after one.
  package let repository: HubRepository?

  package init(name: String, aliases: [String] = [], sources: [ModelSource]) {
    self.name = name
    self.aliases = aliases
    self.sources = sources
    repository = nil
  }

  /// The model in a repository of the Hugging Face hub.
  package init(_ repository: HubRepository) {
    name = repository.description
    aliases = []
    sources = [ModelSource(repository)]
    self.repository = repository
  }

  /// What the model's folder in the cache is called.
  package var folderName: String { repository?.folderName ?? name }

  /// Whether what the name stands for can change: a branch can move on, and so can a tag.
  var canChange: Bool { repository.map { !$0.isCommit } ?? false }

  /// What people call its sources, in the order in which they are tried.
  public var sourceNames: [String] { sources.map(\.name) }
}
