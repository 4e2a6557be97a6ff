// `swiftlet inspect`: what a model is made of.

import ArgumentParser
import Swiftlet

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
      try StandardOutput.print(try ModelDescription(of: url).text)
    } catch let error as ExitCode {
      throw error
    } catch {
      try fail(error, .modelFailed)
    }
  }
}
