// `swiftlet pull`: fetch models into the cache.

import ArgumentParser
import Foundation
import Swiftlet

struct Pull: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fetch models into the cache.",
    discussion: """
      Tries a model's sources in order and verifies what arrives by its SHA-256. An interrupted download resumes where it \
      stopped. Prints the path of each model.
      """)

  @Argument(help: "Names of models; see --list.")
  var names: [String] = []

  @Flag(help: "List the known models, their sources, and which are in the cache.")
  var list = false

  func validate() throws {
    guard list || !names.isEmpty else { throw ValidationError("Missing a model's name; see --list.") }
  }

  func run() async throws {
    if list { return try printList() }
    try await cancelledBySignals {
      let store = ModelStore()
      for name in names {
        // A name that is a file as well means the model here: nothing else can be fetched.
        guard let model = store.model(named: name) else {
          StandardError.message(
            "Error: Unknown model \(name.debugDescription). Known models: "
              + store.models.map(\.name).joined(separator: ", ") + ".")
          throw ExitCode.modelFailed
        }
        do {
          try StandardOutput.print(try await store.pull(model, progress: report).path)
        } catch let error as ExitCode {
          throw error
        } catch {
          try fail(error, .modelFailed)
        }
      }
    }
  }

  private func printList() throws {
    let store = ModelStore()
    for model in store.models {
      let name = ([model.name] + model.aliases).joined(separator: ", ")
      let place =
        store.cached(model)?.path ?? "not in the cache; from " + model.sourceNames.joined(separator: ", ")
      try StandardOutput.print(
        name.padding(toLength: max(24, name.count), withPad: " ", startingAt: 0) + " " + place)
    }
  }
}
