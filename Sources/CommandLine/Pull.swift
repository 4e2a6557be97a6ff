// `swiftlet pull`: fetch models into the cache.

import ArgumentParser
import Foundation
import Swiftlet

struct Pull: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fetch models into the cache.",
    discussion: """
      Tries every source of a model in order and verifies what arrives. An interrupted download resumes where it \
      stopped. Prints the path of each model.

      Any Whisper model on the Hugging Face hub works, at a branch, tag or commit if you name one:

        swiftlet pull openai/whisper-small
        swiftlet pull someone/fine-tune@v2

      A repository that is in the cache already is updated if its branch has moved on.
      """)

  @Argument(help: ArgumentHelp("Models to fetch: known names, or OWNER/NAME[@REVISION].", valueName: "name"))
  var names: [String] = []

  @Flag(help: "List the known models and the repositories in the cache, with their paths or sources.")
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
              + store.models.map(\.name).joined(separator: ", ")
              + ". For one on the Hugging Face hub, give OWNER/NAME.")
          throw ExitCode.modelFailed
        }
        do {
          try StandardOutput.print(try await store.pull(model, progress: showFetching).path)
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
    let repositories = ModelCache().items().filter { $0.kind == .model && $0.name.contains("/") }
      .compactMap { store.model(named: $0.name) }
    for model in store.models + repositories {
      let name = ([model.name] + model.aliases).joined(separator: ", ")
      let place =
        store.cached(model)?.path ?? "not in the cache; from " + model.sourceNames.joined(separator: ", ")
      try StandardOutput.print(
        name.padding(toLength: max(24, name.count), withPad: " ", startingAt: 0) + " " + place)
    }
  }
}
