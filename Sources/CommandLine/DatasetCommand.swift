// `swiftlet dataset`: fetches published data sets.

import ArgumentParser
import Foundation
import Swiftlet
public import SwiftletEvaluation

struct DatasetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dataset", abstract: "Fetch published data sets for `swiftlet evaluate`.",
    subcommands: [LibriSpeech.self])
}

struct LibriSpeech: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "librispeech",
    abstract: "Fetch a part of LibriSpeech from openslr.org, verify and unpack it.",
    discussion: """
      LibriSpeech (https://www.openslr.org/12, CC BY 4.0) has the parts \
      \(LibriSpeechSplit.allCases.map { "\($0.rawValue) (\($0.size))" }.joined(separator: ", ")). \
      An interrupted download resumes where it stopped. Prints the path of the part:

        swiftlet evaluate $(swiftlet dataset librispeech --split test-clean) --model tiny.en
      """)

  @Option(help: "Part of LibriSpeech to fetch.")
  var split: LibriSpeechSplit

  @Option(
    name: [.short, .long],
    help: "Folder to unpack into, as LibriSpeech/SPLIT (default: 'datasets' in the cache).",
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
        path = try await fetch.run(progress: showFetching).path
      } catch {
        guard !Task.isCancelled else { throw CancellationError() }
        StandardError.message("Error: \(error)")
        if error.isOfThisSource {
          StandardError.message(
            """
            If this machine can't reach openslr.org, fetch \(split.address) (\(split.size)) on another one, copy it \
            to \(fetch.archive.path), and run this command again: it verifies and unpacks the archive.
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
