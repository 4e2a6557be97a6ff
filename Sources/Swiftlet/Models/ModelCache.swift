// What lies in the cache, and how to be rid of it.

public import Foundation

/// The cache folder as a whole: what takes how much space, and what can go.
///
/// ```swift
/// let cache = ModelCache()
/// for item in cache.items() where item.waste != nil { try cache.remove(item) }
/// ```
public struct ModelCache: Sendable {
  /// The cache folder.
  public let folder: URL

  /// The cache in `folder`; if that is nil, in the place that the environment says.
  public init(folder: URL? = nil) { self.folder = folder ?? ModelStore.defaultFolder() }

  var models: URL { folder.appending(path: "models", directoryHint: .isDirectory) }
  var engines: URL { folder.appending(path: "engines", directoryHint: .isDirectory) }
  var downloads: URL { folder.appending(path: "partial", directoryHint: .isDirectory) }
  var locks: URL { folder.appending(path: "locks", directoryHint: .isDirectory) }

  /// Models and engines are locked by the names of their folders.
  func lock(of name: String) -> URL { locks.appending(path: "\(name).lock") }

  /// Everything in the cache, sorted by kind and name. Writes nothing.
  public func items() -> [ModelCache.Item] {
    let known = ["models", "engines", "partial", "locks"]
    let others = names(in: folder).filter { !known.contains($0) }.map {
      item(.other, $0, folder.appending(path: $0))
    }
    return modelItems() + engineItems() + downloadItems() + leftoverItems() + lockItems() + others
  }

  /// Removes something, unless a process uses it.
  ///
  /// - Returns: whether it was removed: false for what is in use and for ``ModelCache/Item/Kind/other``.
  /// - Throws: ``SwiftletError`` if it can't be removed.
  @discardableResult
  public func remove(_ item: ModelCache.Item) throws -> Bool {
    try throwingPublicErrors { try attemptToRemove(item) }
  }

  private func attemptToRemove(_ item: ModelCache.Item) throws(ModelError) -> Bool {
    switch item.kind {
    case .other: return false
    case .lock:
      guard let lock = try FileLock.attempt(item.url) else { return false }
      lock.release()
      return true
    case .model, .engine, .download, .leftover:
      try makeFolder(locks)
      let folder = item.url.lastPathComponent
      let name = item.kind == .leftover ? Self.origin(ofLeftover: folder) : folder
      guard let lock = try FileLock.attempt(self.lock(of: name)) else { return false }
      defer { lock.release() }
      let result = FolderLease.whileUnused(item.url) {
        Result { () throws(ModelError) in try removeFolder(item.url) }
      }
      guard let result else { return false }
      try result.get()
      return true
    }
  }

  // MARK: Kinds

  private func modelItems() -> [ModelCache.Item] {
    names(in: models).filter { !$0.hasPrefix(".") }.map { name in
      let url = models.appending(path: name)
      var item = item(.model, Self.modelName(ofFolder: name), url)
      item.isInUse = FileLock.isHeld(lock(of: name)) || FolderLease.isHeld(url)
      return item
    }
  }

  /// A repository's folder has a name without slashes.
  private static func modelName(ofFolder name: String) -> String {
    HubRepository(folderName: name)?.description ?? name
  }

  func engineItems() -> [ModelCache.Item] {
    names(in: engines).filter { !$0.hasPrefix(".") }.map { name in
      let url = engines.appending(path: name, directoryHint: .isDirectory)
      var item = item(.engine, name, url)
      item.isInUse = FileLock.isHeld(lock(of: name)) || FolderLease.isHeld(url)
      item.describeEngine()
      return item
    }
  }

  private func downloadItems() -> [ModelCache.Item] {
    names(in: downloads).filter { !$0.hasPrefix(".") }.map { name in
      let url = downloads.appending(path: name)
      var item = item(.download, Self.modelName(ofFolder: name), url)
      item.isInUse = FileLock.isHeld(lock(of: name))
      let isComplete = !names(in: models.appending(path: name)).isEmpty
      let isOld = lastChange(in: url).map { $0.timeIntervalSinceNow < -86_400 } ?? true
      if !item.isInUse, isComplete || isOld { item.waste = .abandoned }
      return item
    }
  }

  /// Builds and removals use hidden folders: `.NAME.UUID.partial`, `.NAME.UUID.old`.
  private func leftoverItems() -> [ModelCache.Item] {
    [models, engines, downloads].flatMap { parent in
      names(in: parent).filter(Self.isLeftover).map { name in
        var item = item(.leftover, name, parent.appending(path: name))
        item.isInUse = FileLock.isHeld(lock(of: Self.origin(ofLeftover: name)))
        item.waste = item.isInUse ? nil : .abandoned
        return item
      }
    }
  }

  /// Earlier versions kept those of engines beside them.
  private func lockItems() -> [ModelCache.Item] {
    [locks, engines].flatMap { parent in
      names(in: parent).filter { $0.hasSuffix(".lock") }.map { name in
        let url = parent.appending(path: name)
        var item = item(.lock, name, url)
        item.isInUse = FileLock.isHeld(url)
        item.waste = item.isInUse ? nil : .abandoned
        return item
      }
    }
  }

  // MARK: Engines

  /// Removes what killed builds of an engine have left. Whoever calls holds the engine's lock.
  func removeLeftovers(ofEngine name: String) {
    for leftover in names(in: engines)
    where Self.isLeftover(leftover) && Self.origin(ofLeftover: leftover) == name {
      try? FileManager.default.removeItem(at: engines.appending(path: leftover))
    }
  }

  /// Removes engines of the same model, at the same precision, from before it was changed or moved.
  func removeEngines(replacedBy engine: URL, _ source: EngineSource) {
    let name = engine.lastPathComponent
    guard let new = engineItems().first(where: { $0.name == name }) else { return }
    let digest = ModelCache.Item.checkpointDigest(ofEngine: engine)
    for old in engineItems() where old.name != name && old.precision == new.precision {
      let isOfSameFiles = old.waste == .checkpointChanged && old.source == source.paths
      let wasMoved =
        old.waste == .checkpointGone && ModelCache.Item.checkpointDigest(ofEngine: old.url) == digest
      // What can't be removed now is found by `swiftlet cache clean`.
      if isOfSameFiles || wasMoved { _ = try? remove(old) }
    }
  }

  private static func isLeftover(_ name: String) -> Bool {
    name.hasPrefix(".") && (name.hasSuffix(".partial") || name.hasSuffix(".old"))
  }

  /// `.NAME.UUID.partial` to `NAME`.
  private static func origin(ofLeftover name: String) -> String {
    let parts = name.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
    return parts.dropLast(2).joined(separator: ".")
  }

  // MARK: Files

  private func item(_ kind: ModelCache.Item.Kind, _ name: String, _ url: URL) -> ModelCache.Item {
    ModelCache.Item(kind: kind, name: name, url: url, bytes: size(of: url), isInUse: false)
  }

  /// Sorted; none if there is no such folder.
  private func names(in folder: URL) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    return (names ?? []).filter { $0 != ".DS_Store" }.sorted()
  }

  private func lastChange(in folder: URL) -> Date? {
    let keys: Set<URLResourceKey> = [.contentModificationDateKey]
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: Array(keys))
    let inside = (files.map { Array($0) } ?? []).compactMap { $0 as? URL }
    return (inside + [folder]).compactMap { try? $0.resourceValues(forKeys: keys).contentModificationDate }
      .max()
  }
}
