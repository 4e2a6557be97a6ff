// Names, paths and the place of the cache.

import Foundation
import SwiftletTestSupport
import Testing

@testable import Swiftlet

@Suite final class ModelStoreTests {
  private let temporary = TestFolder()
  private var scratch: URL { temporary.url }
  private let store: ModelStore

  init() throws {
    store = ModelStore(folder: temporary.url("cache"))
  }

  @Test func theCatalogueIsWhole() throws {
    #expect(
      KnownModel.all.map(\.name) == [
        "tiny.en", "tiny", "base.en", "base", "small.en", "small", "medium.en", "medium", "large-v1",
        "large-v2",
        "large-v3", "large-v3-turbo", "distil-small.en", "distil-medium.en", "distil-large-v2",
        "distil-large-v3", "distil-large-v3.5",
      ])
    for model in KnownModel.all {
      #expect(model.sources.count >= (model.name.hasPrefix("distil") ? 1 : 2))
      for source in model.sources {
        switch source.contents {
        case .files(let files):
          for file in files {
            guard case .sha256(let digest) = file.digest else { continue }
            #expect(digest.count == 64 && file.url.path.contains(digest))
          }
        case .repository(let repository):
          #expect(HubRepository(parsing: repository.description) == repository)
        case .packages(let packages): #expect(packages.allSatisfy { $0.digest.count == 64 && $0.size > 0 })
        }
      }
    }
  }

  @Test func namesAreFoundInCapitalsAndByAlias() {
    #expect(store.model(named: "Tiny.EN")?.name == "tiny.en")
    #expect(store.model(named: "large")?.name == "large-v3")
    #expect(store.model(named: "turbo")?.name == "large-v3-turbo")
    #expect(store.model(named: "huge") == nil)
    #expect(store.model(named: "OpenAI/whisper-tiny@v1")?.name == "OpenAI/whisper-tiny@v1")
  }

  @Test func unknownNamesAreAnsweredWithTheNearest() async {
    let error = await #expect(throws: ModelError.self) { try await store.locate("tinyen") }
    guard case .unknownModel("tinyen", let nearest, let known) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(nearest == ["tiny.en"])
    #expect(known.contains("large-v3-turbo") && known.contains("large"))
    await #expect(throws: ModelError.self) { try await store.locate("") }
  }

  @Test func whatExistsIsTakenAsItIs() async throws {
    let file = scratch.appending(path: "my-model.pt")
    try Data().write(to: file)
    #expect(try await store.locate(file.path) == file)
    #expect(try await store.locate(scratch.path).path == scratch.path)
    let missing = scratch.path + "/other.pt"
    await #expect(throws: ModelError.noSuchPath(missing)) { try await store.locate(missing) }
    #expect(!FileManager.default.fileExists(atPath: store.folder.path), "nothing was fetched")
  }

  @Test func aModelInTheCacheNeedsNoNetwork() async throws {
    let folder = store.folder.appending(path: "models/base")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["model.bin", "config.json"] { try Data().write(to: folder.appending(path: name)) }
    #expect(try await store.locate("base").path == folder.path)
  }

  /// Caches of before are as they were: nothing but the published files is there.
  @Test func filesThatAreNoPartOfAModelDoNotMatter() throws {
    let model = try #require(store.model(named: "tiny.en"))
    let folder = store.folder.appending(path: "models/tiny.en")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data().write(to: folder.appending(path: ".DS_Store"))
    #expect(store.cached(model) == nil)
    try Data().write(to: folder.appending(path: "tiny.en.pt"))
    #expect(store.cached(model) == folder.appending(path: "tiny.en.pt"))
    try Data().write(to: folder.appending(path: "notes.txt"))
    #expect(store.cached(model) == folder.appending(path: "tiny.en.pt"))
    try FileManager.default.removeItem(at: folder.appending(path: "tiny.en.pt"))
    for name in ["config.json", "tokenizer.json", "vocabulary.txt", "model.bin"] {
      try Data().write(to: folder.appending(path: name))
    }
    #expect(store.cached(model)?.path == folder.path)
  }

  @Test func aModelInACacheThatCannotBeWrittenIsFound() async throws {
    let model = KnownModel(name: "test", sources: [])
    let store = ModelStore(folder: scratch.appending(path: "cache"), models: [model])
    let file = store.folder.appending(path: "models/test/model.pt")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data().write(to: file)
    // Where folders would have to be made there are files.
    for name in ["partial", "locks"] { try Data().write(to: store.folder.appending(path: name)) }
    #expect(try await store.fetch(model) == file)
  }

  @Test func theHubIsWhereTheEnvironmentSays() throws {
    func address(_ environment: [String: String]) throws -> String {
      try HubAccess(environment: environment)
        .fileURL(HubRepository("openai/whisper-tiny"), commit: "0123", path: "config.json").absoluteString
    }
    let official = "https://huggingface.co/openai/whisper-tiny/resolve/0123/config.json"
    #expect(try address([:]) == official)
    #expect(try address(["HF_ENDPOINT": ""]) == official)
    #expect(
      try address(["HF_ENDPOINT": "http://mirror.example:8080/hub/"])
        == "http://mirror.example:8080/hub/openai/whisper-tiny/resolve/0123/config.json")
    #expect(throws: ModelError.self) { try address(["HF_ENDPOINT": "mirror.example"]) }
  }

  @Test func theCacheIsWhereTheEnvironmentSays() {
    func path(_ environment: [String: String]) -> String {
      ModelStore.defaultFolder(environment: environment).path
    }
    #expect(path(["SWIFTLET_CACHE": "/a/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"]) == "/a/b")
    #expect(path(["SWIFTLET_CACHE": "", "XDG_CACHE_HOME": "/c", "HOME": "/d"]) == "/c/swiftlet")
    #expect(path(["XDG_CACHE_HOME": "relative", "HOME": "/d"]) == "/d/.cache/swiftlet")
    #expect(path(["HOME": "/d"]) == "/d/.cache/swiftlet")
  }

  @Test func aCacheThatCannotBeMadeIsToldByItsPath() async throws {
    let file = scratch.appending(path: "file")
    try Data().write(to: file)
    let model = KnownModel(name: "test", sources: [])
    for (folder, reason) in [
      (file.appending(path: "cache"), "Not a directory"),
      (URL(filePath: "/proc/swiftlet"), "No such file or directory"),
    ] {
      let store = ModelStore(folder: folder, models: [model])
      let error = await #expect(throws: ModelError.self) { try await store.fetch(model) }
      guard case .cannotWrite(let path, reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(path.hasPrefix(folder.path))
    }
  }

  @Test func anotherProcessThatFetchesIsWaitedFor() async throws {
    let model = KnownModel(name: "test", sources: [])
    let store = ModelStore(folder: scratch.appending(path: "cache"), models: [model])
    let locks = store.folder.appending(path: "locks")
    try FileManager.default.createDirectory(at: locks, withIntermediateDirectories: true)
    let folder = store.folder.appending(path: "models/test")
    // The other process holds the lock, and installs the model before it lets go.
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", "-c",
      """
      import fcntl, os, sys, time
      lock = open(sys.argv[1], "w")
      fcntl.flock(lock, fcntl.LOCK_EX)
      open(sys.argv[1] + ".held", "w")
      while not os.path.exists(sys.argv[1] + ".waiting"): time.sleep(0.02)
      os.makedirs(sys.argv[2])
      open(sys.argv[2] + "/model.pt", "w")
      """, locks.appending(path: "test.lock").path, folder.path,
    ]
    try process.run()
    let held = locks.appending(path: "test.lock.held")
    while !FileManager.default.fileExists(atPath: held.path) { try await Task.sleep(for: .milliseconds(20)) }
    let record = ProgressRecord()
    let url = try await store.fetch(model) { step in
      record.handler(step)
      if case .waiting = step { try? Data().write(to: locks.appending(path: "test.lock.waiting")) }
    }
    #expect(url.lastPathComponent == "model.pt")
    #expect(record.steps == [.waiting(model: "test"), .finished(url)])
    #expect(
      !FileManager.default.fileExists(atPath: locks.appending(path: "test.lock").path), "locks do not pile up"
    )
  }

  @Test func errorsNameWhatWasTried() {
    let failure = SourceFailure(
      source: "OpenAI (tiny.pt)", error: .httpStatus(404, url: "https://example.org"))
    #expect(
      ModelError.allSourcesFailed(model: "tiny", failures: [failure]).description
        == """
        The model tiny could not be fetched. Tried:
          OpenAI (tiny.pt): https://example.org: the server answered with HTTP status 404.
        """)
  }
}
