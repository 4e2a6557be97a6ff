// What a caller hears while a model is loaded.

/// A step of loading a model; see ``Transcriber/load(_:device:precisions:threads:concurrency:store:progress:)-(String,_,_,_,_,_,_)``.
public enum LoadProgress: Hashable, Sendable {
  /// The model is being fetched.
  case fetching(ModelStore.Progress)
  /// An engine is being built of it.
  case building(EngineStore.Progress)
}
