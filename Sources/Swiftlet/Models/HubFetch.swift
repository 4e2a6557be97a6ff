// Fetches a model from a repository of the Hugging Face hub.

import Foundation
import SwiftletFiles

/// Downloads the files of a repository that a model needs, and no others.
///
/// What is small comes first: a repository that holds no Whisper model is refused before its weights are fetched. Files that
/// another revision in the cache has too are linked.
struct HubFetch: Sendable {
  let repository: HubRepository
  let access: HubAccess
  /// A folder for this fetch alone, in which an interrupted one is gone on with.
  let work: URL
  /// The cache's models.
  let models: URL
  let model: String
  let source: String
  var timeout: TimeInterval
  let report: ModelStore.Progress.Handler

  /// Longer answers than of any repository.
  private static let longestAnswer: Int64 = 32 << 20

  /// Fetches the model into `folder`, with its manifest.
  ///
  /// - Parameter folder: it must exist; what an interrupted fetch left in it is taken if it is still right.
  /// - Throws: `repositoryNotFound`, `revisionNotFound`, `gatedRepository`, `tokenRefused`, `notWhisper`, `noWeights`,
  ///   `unexpectedAnswer`, and what `Download` throws.
  func run(into folder: URL) async throws(ModelError) {
    let information = try await information()
    var manifest = HubManifest(repository, commit: information.sha)
    try removeStrangers(in: folder, information)

    let config = information.file("config.json")
    if let config {
      try await fetch(config, into: folder, &manifest)
      try checkType(folder.appending(path: "config.json"))
    }
    guard config != nil, let weights = information.weights else {
      throw .noWeights(
        repository: repository.description, missing: config == nil ? "config.json" : nil,
        found: information.weightlike)
    }
    for file in information.tokenizer { try await fetch(file, into: folder, &manifest) }
    if let file = information.file("generation_config.json") {
      try await fetch(file, into: folder, &manifest)
    }
    try await fetch(weights, into: folder, &manifest)
    if weights.rfilename.hasSuffix(".index.json") {
      for shard in try shards(folder.appending(path: weights.rfilename), information) {
        try await fetch(shard, into: folder, &manifest)
      }
    }
    try manifest.write(in: folder)
  }

  // MARK: What there is

  private func information() async throws(ModelError) -> HubInformation {
    let url = try access.informationURL(repository)
    let file = work.appending(path: "information.json")
    let validator = work.appending(path: "information.json.etag")
    defer { for left in [file, validator] { try? FileManager.default.removeItem(at: left) } }
    try? FileManager.default.removeItem(at: file)
    let transfer = HTTPTransfer(
      partial: file, validatorFile: validator, limit: Self.longestAnswer,
      explain: explanation(isOfFile: false)
    ) {
      _, _ in
    }
    _ = try await transfer.run(HTTPRequest(url: url, headers: access.headers, timeout: timeout), model: model)
    guard let data = try? Data(contentsOf: file),
      let information = try? JSONDecoder().decode(HubInformation.self, from: data)
    else { throw .unexpectedAnswer(url: url.absoluteString) }
    return information
  }

  /// The shards that an index names.
  private func shards(_ index: URL, _ information: HubInformation) throws(ModelError) -> [HubInformation.File]
  {
    struct Index: Decodable { var weight_map: [String: String] }
    guard let data = try? Data(contentsOf: index), let map = try? JSONDecoder().decode(Index.self, from: data)
    else {
      throw .missingFile("a readable \(index.lastPathComponent)", package: repository.description)
    }
    var shards: [HubInformation.File] = []
    for name in Set(map.weight_map.values).sorted() {
      // A name with a slash would be written outside the folder.
      guard !name.contains("/"), let file = information.file(name) else {
        throw .missingFile(name, package: repository.description)
      }
      shards.append(file)
    }
    return shards
  }

  private func checkType(_ config: URL) throws(ModelError) {
    struct Config: Decodable { var model_type: String? }
    // CTranslate2's has no type; its model.bin says what it is.
    guard let data = try? Data(contentsOf: config),
      let config = try? JSONDecoder().decode(Config.self, from: data)
    else { throw .notWhisper(repository: repository.description, type: nil) }
    if let type = config.model_type, type != "whisper" {
      throw .notWhisper(repository: repository.description, type: type)
    }
  }

  // MARK: Files

  /// Of an interrupted fetch, removes files that are not those of this commit.
  private func removeStrangers(in folder: URL, _ information: HubInformation) throws(ModelError) {
    let arrived = Set(HubManifest(in: folder)?.files ?? [])
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name != HubManifest.fileName {
      let isRight = information.file(name).map { file in
        file.digest.text != nil && arrived.contains { $0.name == name && $0.digest == file.digest.text }
      }
      if isRight != true { try removeFolder(folder.appending(path: name)) }
    }
  }

  private func fetch(_ file: HubInformation.File, into folder: URL, _ manifest: inout HubManifest)
    async throws(ModelError)
  {
    let name = file.rfilename
    let destination = folder.appending(path: name)
    let files = FileManager.default
    let isNew = !files.fileExists(atPath: destination.path)
    if isNew {
      if let twin = twin(of: file) {
        do {
          try files.linkItem(at: twin, to: destination)
        } catch {
          try? files.copyItem(at: twin, to: destination)
        }
      }
      if !files.fileExists(atPath: destination.path) {
        try await download(file, of: manifest.commit, to: destination)
      }
    }
    manifest.files.append(
      .init(name: name, bytes: file.bytes ?? size(of: destination), digest: file.digest.text))
    if isNew { try manifest.write(in: folder) }
  }

  private func download(
    _ file: HubInformation.File, of commit: String, to destination: URL
  ) async throws(ModelError) {
    let name = file.rfilename
    let remote = RemoteFile(
      url: try access.fileURL(repository, commit: commit, path: name), name: name,
      digest: file.digest, size: file.bytes)
    let arriving = work.appending(path: name)
    var download = Download(remote, to: arriving, timeout: timeout) { [report, source] done, total in
      report(.downloading(source: source, file: name, done: done, total: total))
    } verifying: { [report] in
      report(.verifying(file: name))
    }
    download.headers = access.headers
    download.explain = explanation(isOfFile: true)
    try await download.run(model: model)
    do {
      try FileManager.default.moveItem(at: arriving, to: destination)
    } catch {
      throw .cannotWrite(path: destination.path, reason: fileErrorReason(error))
    }
  }

  /// The same file of another revision of this repository, or of the same one before it moved on.
  private func twin(of file: HubInformation.File) -> URL? {
    guard let digest = file.digest.text else { return nil }
    let folders =
      (try? FileManager.default.contentsOfDirectory(at: models, includingPropertiesForKeys: nil)) ?? []
    for folder in folders {
      guard let manifest = HubManifest(in: folder), manifest.repository == repository.name,
        let twin = manifest.files.first(where: { $0.digest == digest && $0.bytes == file.bytes })
      else { continue }
      let url = folder.appending(path: twin.name)
      if size(of: url) == twin.bytes { return url }
    }
    return nil
  }

  // MARK: Refusals

  /// What an answer of the hub means, in the order in which huggingface_hub's `hf_raise_for_status` asks.
  private func explanation(isOfFile: Bool) -> @Sendable (HTTPHead) -> ModelError? {
    { [repository, hasToken = access.token != nil] head in
      let message = head.value(of: "x-error-message")?.lowercased() ?? ""
      switch head.value(of: "x-error-code") {
      case "RevisionNotFound":
        return .revisionNotFound(repository: repository.name, revision: repository.revision ?? "main")
      case "GatedRepo": return .gatedRepository(repository.name)
      case "RepoNotFound" where !(head.status == 401 && hasToken):
        return .repositoryNotFound(repository.description)
      case "EntryNotFound": return nil
      default: break
      }
      if head.status == 401, hasToken, message.contains("credential") || message.contains("token") {
        return .tokenRefused
      }
      // The hub doesn't tell strangers whether a repository exists.
      return head.status == 401 || (head.status == 404 && !isOfFile)
        ? .repositoryNotFound(repository.description) : nil
    }
  }
}
