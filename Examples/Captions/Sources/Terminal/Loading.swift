// From the name of a model to a transcriber.

import Swiftlet

/// Loads a model, given by name or path. On first use it is fetched, and an engine is built from it; cancelling the task stops both.
public func loadTranscriber(_ model: String) async throws -> Transcriber {
  let files = try await ModelStore().resolve(model) { ProgressLine.show($0) }
  return try Transcriber(model: files) {
    try Task.checkCancellation()
    ProgressLine.show($0)
  }
}
