// `--model`, and how its value becomes a file or folder.

import ArgumentParser
import Foundation
import Swiftlet

/// Which model to use.
struct ModelOption: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "A model's name, fetched on first use, or a path to one.",
      discussion:
        "A path may lead to a Hugging Face or CTranslate2 folder, an OpenAI .pt or a whisper.cpp .bin.",
      valueName: "name-or-path"))
  var model = "tiny.en"
}

/// The file or folder of a model, fetched with progress if need be; errors are reported.
func resolveModel(_ nameOrPath: String) async throws -> URL {
  do {
    return try await ModelStore().resolve(nameOrPath, progress: report)
  } catch {
    StandardError.message("Error: \(error)")
    throw ExitCode.modelFailed
  }
}

/// Tells a person how a model is being fetched.
@Sendable func report(_ progress: PullProgress) {
  switch progress {
  case .waiting(let model): StandardError.message("Another swiftlet is fetching \(model); waiting for it.")
  case .trying(let source): StandardError.message("Fetching from \(source)")
  case .downloading(_, let file, let done, let total):
    let megabytes = { (bytes: Int64) in String(format: "%.1f", Double(bytes) / 1e6) }
    let share = total.map { " of \(megabytes($0))" } ?? ""
    StandardError.progress("  \(file): \(megabytes(done))\(share) MB")
  case .verifying(let file): StandardError.progress("  \(file): verifying")
  case .unpacking(let file): StandardError.progress("  \(file): unpacking")
  case .failed(let failure): StandardError.message("  \(failure.source) failed: \(failure.error)")
  case .finished(let url): StandardError.message("Ready: \(url.path)")
  }
}
