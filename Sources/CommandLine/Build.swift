// `swiftlet build`: a checkpoint to engines.

import ArgumentParser
import Foundation
import Swiftlet

struct Build: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Build a model into an engine, at a chosen precision.",
    discussion: """
      An engine is a folder with encoder.safetensors, decoder.safetensors, engine.json and the tokenizer. It is mapped into \
      memory instead of read, runs on every kind of processor, and can be given wherever a model can.

        swiftlet build base --precision int8 --output base-int8
        swiftlet transcribe --model base-int8 talk.flac

      Without --output, the engine goes into the cache, where `swiftlet transcribe` finds it by the model's name. Prints \
      the engine's path.
      """)

  @Argument(help: "Model: a name, a Hugging Face repository (OWNER/NAME), or a path.", completion: .file())
  var model: String

  @OptionGroup var precision: PrecisionOptions

  @Option(
    name: [.short, .long], help: "Folder for the engine; an existing engine is replaced.",
    completion: .directory)
  var output: String?

  @Option(name: [.customShort("j"), .long], help: "Number of threads (default: one per physical core).")
  var threads: Int?

  func run() async throws {
    try await cancelledBySignals {
      let url = try await resolveModel(model)
      defer { StandardError.clearProgress() }
      do {
        if let output {
          let folder = URL(filePath: output, directoryHint: .isDirectory)
          try await EngineStore.build(
            url, into: folder, precisions: precision.precisions() ?? .standard, threads: threads,
            progress: showBuilding)
          StandardError.clearProgress()
          try StandardOutput.print(folder.path)
        } else {
          let engine = try await EngineStore().engine(
            of: url, precisions: precision.precisions(), threads: threads, progress: showBuilding)
          StandardError.clearProgress()
          try StandardOutput.print(engine.path)
        }
      } catch let error where error is CancellationError || error is ExitCode {
        throw error
      } catch {
        try fail(error, error.isAboutOptions ? .notUnderstood : .modelFailed)
      }
    }
  }
}
