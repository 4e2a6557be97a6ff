// `swiftlet inspect`: what a model is made of.

import ArgumentParser
import Swiftlet
import SwiftletCheckpoints
import SwiftletWhisper

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a model's kind, dimensions, modules and digests.",
    discussion: """
      The digest of the files identifies the files. The digest of the tensors, read as fp32, is the same for the same \
      weights in any format and location.
      """)

  @Argument(help: "Model: a name, a Hugging Face repository (OWNER/NAME), or a path.", completion: .file())
  var model = "tiny.en"

  func run() async throws {
    let url = try await resolveModel(model)
    do {
      if EngineStore.isEngine(at: url) { return try StandardOutput.print(try engineReport(at: url)) }
      let checkpoint = try openCheckpoint(at: url)
      let d = checkpoint.dimensions
      try StandardOutput.print(
        """
        kind:            \(checkpoint.kind.rawValue)
        published as:    \(d.publishedName ?? "none of the published sizes")
        parameters:      \(d.parameterCount)
        mel bins:        \(d.melBins)
        vocabulary:      \(d.vocabularySize)
        encoder:         \(d.audioLayers) layers, width \(d.audioWidth), \(d.audioHeads) heads, \(d.audioContext) positions
        decoder:         \(d.textLayers) layers, width \(d.textWidth), \(d.textHeads) heads, \(d.textContext) positions
        files:           \(checkpoint.files.map(\.path).joined(separator: "\n                 "))
        SHA-256, files:  \(try checkpointDigest(of: checkpoint))
        SHA-256, tensors: \(try tensorDigest(of: checkpoint))

        \(moduleTree(of: checkpoint))
        """)
    } catch let error as ExitCode {
      throw error
    } catch {
      try fail(error, .modelFailed)
    }
  }
}
