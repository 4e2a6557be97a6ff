// `swiftlet cache`: what lies in the cache, and how to be rid of it.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletEvaluation

struct Cache: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what is in the cache, or free space.",
    discussion: """
      The cache holds models as published, and an engine for each precision that a model was used at. Engines are rebuilt \
      from their models in seconds; models have to be fetched again.
      """,
    subcommands: [CacheList.self, CacheClean.self], defaultSubcommand: CacheList.self)
}

struct CacheList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List models, engines, unfinished downloads and locks, with sizes.")

  @Flag(help: "Print one line of JSON instead.")
  var json = false

  func run() async throws {
    let cache = ModelCache()
    let items = cache.items()
    if json { return try StandardOutput.print(json: CacheReport(cache.folder, items)) }
    try StandardOutput.print(cache.folder.path)
    for (kind, title) in ModelCache.Item.titles {
      let items = items.filter { $0.kind == kind }
      guard !items.isEmpty else { continue }
      try StandardOutput.print("\n\(title)")
      let width = max(24, items.map(\.label.count).max() ?? 0)
      for item in items {
        let label = item.label.padding(toLength: width, withPad: " ", startingAt: 0)
        let size = amount(item.bytes)
        let remarks = item.remarks.isEmpty ? "" : "  \(item.remarks)"
        try StandardOutput.print(
          "  \(label) \(String(repeating: " ", count: max(0, 10 - size.count)))\(size)\(remarks)")
      }
    }
    let useless = items.filter { $0.waste != nil }.reduce(0) { $0 + $1.bytes }
    try StandardOutput.print(
      "\nTotal: \(amount(items.reduce(0) { $0 + $1.bytes })). `swiftlet cache clean` frees \(amount(useless))."
    )
  }
}

struct CacheClean: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clean",
    abstract: "Remove what is no longer needed, and what you name.",
    discussion: """
      By default: engines whose model is gone or has changed, engines of older formats, leftovers of interrupted builds, \
      downloads untouched for a day, and locks that no process holds. Whatever another process is using is never \
      removed.
      """)

  @Flag(help: "Remove all engines too; they are rebuilt when needed.")
  var engines = false

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Remove these models (names or OWNER/NAME[@REVISION]) and their engines too.", valueName: "name"))
  var models: [String] = []

  @Flag(help: "Remove all models, engines and downloads, but no data sets or journals of evaluations.")
  var all = false

  @Flag(help: "Print what would be removed without removing it.")
  var dryRun = false

  func run() async throws {
    let cache = ModelCache()
    let items = cache.items()
    let named = try Set(models.map { try known($0, items) })
    var freed: Int64 = 0
    var failed = false
    for item in items where isWanted(item, models: named) {
      let text = "\(item.phrase) (\(amount(item.bytes)))" + (item.waste.map { ": \($0.reason)" } ?? "")
      do {
        if item.isInUse {
          StandardError.message("Kept \(item.phrase): another process is using it.")
        } else if dryRun {
          try StandardOutput.print("Would remove \(text)")
          freed += item.bytes
        } else if try cache.remove(item) {
          if item.kind != .lock { try StandardOutput.print("Removed \(text)") }
          freed += item.bytes
        } else {
          StandardError.message("Kept \(item.phrase): another process is using it.")
        }
      } catch let error as SwiftletError {
        StandardError.message("Error: \(error)")
        failed = true
      }
    }
    try StandardOutput.print("\(dryRun ? "Would free" : "Freed") \(amount(freed)).")
    if failed { throw ExitCode.outputFailed }
  }

  /// The name of a model's folder, of what a user calls it.
  private func known(_ name: String, _ items: [ModelCache.Item]) throws -> String {
    let folder = ModelStore().model(named: name)?.name ?? name
    guard items.contains(where: { [.model, .download].contains($0.kind) && $0.name == folder }) else {
      throw ValidationError("No model \(name) in the cache; see `swiftlet cache list`.")
    }
    return folder
  }

  private func isWanted(_ item: ModelCache.Item, models: Set<String>) -> Bool {
    if item.waste != nil { return true }
    let store = ModelStore()
    let folders = models.map { name in
      let folder = store.model(named: name)?.folderName ?? name
      return store.folder.appending(path: "models/\(folder)").resolvingSymlinksInPath().path + "/"
    }
    return switch item.kind {
    case .model, .download: all || models.contains(item.name)
    case .engine:
      all || engines || (item.source ?? []).contains { file in folders.contains { file.hasPrefix($0) } }
    case .leftover, .lock, .other: false
    }
  }
}

/// What `cache list --json` prints.
private struct CacheReport: Encodable {
  var folder: String
  var bytes: Int64
  var items: [Item]

  struct Item: Encodable {
    var kind: ModelCache.Item.Kind
    var name: String
    var path: String
    var bytes: Int64
    var model: String?
    var precision: String?
    var source: [String]?
    var lastUsed: String?
    var inUse: Bool
    /// Why `clean` removes it.
    var waste: ModelCache.Item.Waste?
  }

  init(_ folder: URL, _ items: [ModelCache.Item]) {
    self.folder = folder.path
    bytes = items.reduce(0) { $0 + $1.bytes }
    self.items = items.map {
      Item(
        kind: $0.kind, name: $0.name, path: $0.url.path, bytes: $0.bytes, model: $0.model,
        precision: $0.precision,
        source: $0.source, lastUsed: $0.lastUsed?.ISO8601Format(), inUse: $0.isInUse, waste: $0.waste)
    }
  }
}

extension ModelCache.Item {
  /// In the order in which they are listed.
  fileprivate static let titles: [(Kind, String)] = [
    (.model, "Models"), (.engine, "Engines"), (.download, "Unfinished downloads"),
    (.leftover, "Left by interrupted work"), (.lock, "Locks"), (.other, "Other"),
  ]

  fileprivate var label: String {
    if kind == .engine, let model, let precision { return "\(model) \(precision)" }
    return name
  }

  /// What it is called in a sentence.
  fileprivate var phrase: String {
    switch kind {
    case .model: "model \(name)"
    case .engine: "engine \(label)"
    case .download: "unfinished download of \(name)"
    case .leftover: "unfinished \(name)"
    case .lock: "lock \(name)"
    case .other: name
    }
  }

  fileprivate var remarks: String {
    var remarks: [String] = []
    if isInUse { remarks.append("in use") }
    if let waste { remarks.append(waste.reason) }
    if let lastUsed { remarks.append("last used \(lastUsed.ISO8601Format(.iso8601.year().month().day()))") }
    if kind == .engine, waste == nil, source == nil { remarks.append("built from an unknown place") }
    return remarks.joined(separator: ", ")
  }
}

extension ModelCache.Item.Waste {
  fileprivate var reason: String {
    switch self {
    case .checkpointGone: "its model is gone"
    case .checkpointChanged: "its model has changed"
    case .unreadable: "of another version, or damaged"
    case .abandoned: "abandoned"
    }
  }
}

private func amount(_ bytes: Int64) -> String { "\(megabytes(bytes)) MB" }
