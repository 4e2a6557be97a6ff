// `swiftlet build`: a checkpoint to engines.

import ArgumentParser
import Foundation
import Swiftlet

struct Build: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Builds a model into engines, once, at the precisions that are asked for.",
    discussion: """
      An engine is a folder with encoder.safetensors, decoder.safetensors, engine.json and the tokenizer. It is mapped \
      and not read when it is used, runs on every kind of processor, and can be given wherever a model can.

        swiftlet build base --precision int8 --output base-int8
        swiftlet transcribe --model base-int8 talk.flac

      Without --output it goes into the cache, where `swiftlet transcribe` finds it by the model's name. The path is \
      printed.
      """)

  @Argument(help: "A model's name, OWNER/NAME of a Hugging Face repository, or a path.", completion: .file())
  var model: String

  @OptionGroup var precision: PrecisionOptions

  @Option(
    name: [.short, .long], help: "The folder of the engine; one that is an engine is replaced.",
    completion: .directory)
  var output: String?

  @Option(name: [.customShort("j"), .long], help: "Threads.")
  var threads: Int?

  func run() async throws {
    try await cancelledBySignals {
      let url = try await resolveModel(model)
      defer { StandardError.clearProgress() }
      do {
        if let output {
          let folder = URL(filePath: output, directoryHint: .isDirectory)
          try EngineStore.build(
            url, into: folder, precisions: precision.precisions ?? .standard, threads: threads,
            progress: report)
          StandardError.clearProgress()
          try StandardOutput.print(folder.path)
        } else {
          let engine = try EngineStore().engine(
            of: url, precisions: precision.precisions, threads: threads, progress: report)
          StandardError.clearProgress()
          try StandardOutput.print(engine.path)
        }
      } catch let error where error is CancellationError || error is ExitCode {
        throw error
      } catch {
        try fail(error, .modelFailed)
      }
    }
  }
}
