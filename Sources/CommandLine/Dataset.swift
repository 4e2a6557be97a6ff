// `swiftlet dataset`: fetches published data sets.

import ArgumentParser
import Foundation
import Swiftlet
public import SwiftletEvaluation

struct DatasetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset", abstract: "Fetches published data sets, to evaluate on.",
    subcommands: [LibriSpeech.self])
}

struct LibriSpeech: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "librispeech",
    abstract: "Fetches a part of LibriSpeech from openslr.org, checks and unpacks it.",
    discussion: """
      LibriSpeech (https://www.openslr.org/12, CC BY 4.0) has the parts \
      \(LibriSpeechSplit.allCases.map { "\($0.rawValue) (\($0.size))" }.joined(separator: ", ")). \
      A download that broke off goes on where it stopped. The path of the part is printed:

        swiftlet evaluate $(swiftlet dataset librispeech --split test-clean) --model tiny.en
      """)

  @Option(help: "Which part.")
  var split: LibriSpeechSplit

  @Option(
    name: [.short, .long],
    help: "The folder that it is unpacked into, as LibriSpeech/SPLIT; by default datasets in the cache.",
    completion: .directory)
  var output: String?

  func run() async throws {
    try await cancelledBySignals {
      guard let url = URL(string: split.address) else { return }
      let folder =
        output.map { URL(filePath: $0, directoryHint: .isDirectory) }
        ?? ModelStore().folder.appending(path: "datasets")
      let fetch = ArchiveFetch(
        RemoteFile(url: url, name: split.archiveName, digest: .md5(split.md5)), into: folder,
        contents: "LibriSpeech/\(split.rawValue)")
      defer { StandardError.clearProgress() }
      let path: String
      do throws(ModelError) {
        path = try await fetch.run(progress: report).path
      } catch {
        guard !Task.isCancelled else { throw CancellationError() }
        StandardError.message("Error: \(error)")
        if error.isOfThisSource {
          StandardError.message(
            """
            If this machine may not reach openslr.org, fetch \(split.address) (\(split.size)) on another one, put it \
            at \(fetch.archive.path), and run this command again: it checks the archive and unpacks it.
            """)
        }
        throw ExitCode.recordingFailed
      }
      StandardError.clearProgress()
      try StandardOutput.print(path)
    }
  }
}

extension LibriSpeechSplit: ExpressibleByArgument {}
