// From the name of a model to a transcriber.

import Swiftlet

/// Loads a model, given by name or path. On first use it is fetched, and an engine is built from it; cancelling the task stops both.
public func loadTranscriber(_ model: String) async throws -> Transcriber {
  try await Transcriber.load(model) { progress in
    switch progress {
    case .fetching(let step): ProgressLine.show(step)
    case .building(let step): ProgressLine.show(step)
    }
  }
}
