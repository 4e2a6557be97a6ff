// LibriSpeech as it is published: a folder a speaker, in it one a chapter, with `*.trans.txt` beside FLAC files.

import Foundation
import SwiftletFiles

/// The parts that LibriSpeech is published in.
package enum LibriSpeechSplit: String, Codable, Sendable, CaseIterable {
  case devClean = "dev-clean"
  case devOther = "dev-other"
  case testClean = "test-clean"
  case testOther = "test-other"
  case trainClean100 = "train-clean-100"
  case trainClean360 = "train-clean-360"
  case trainOther500 = "train-other-500"
}

/// Reads transcripts, whose lines are an id and what is said, and whose recordings are called `ID.flac`.
func readLibriSpeech(_ transcripts: [URL], in folder: URL) -> Dataset {
  var collector = DatasetCollector()
  for file in transcripts {
    let path = file.path(percentEncoded: false)
    let text: String
    do throws(SystemError) {
      guard let read = String(validating: try SystemFiles.contents(of: path), as: UTF8.self) else {
        collector.add(
          DatasetProblem(.unreadableFile, place: path, id: nil, detail: "the transcript is not UTF-8"))
        continue
      }
      text = read
    } catch {
      let detail = "the transcript cannot be read: \(error)"
      collector.add(DatasetProblem(.unreadableFile, place: path, id: nil, detail: detail))
      continue
    }
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let parts = line.trimmingCharacters(in: .whitespaces)
        .split(maxSplits: 1, whereSeparator: \.isWhitespace)
      guard let id = parts.first.map(String.init) else { continue }
      let audio = file.deletingLastPathComponent().appending(path: "\(id).flac")
      let said = parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
      collector.add(
        Utterance(id: id, audio: audio.path(percentEncoded: false), text: said, language: "en"),
        at: "\(path):\(index + 1)")
    }
  }
  return Dataset(
    name: folder.lastPathComponent, path: folder.path(percentEncoded: false), split: split(of: transcripts),
    utterances: collector.utterances, problems: collector.problems)
}

/// The part that all transcripts belong to, as their path tells: `test-clean/SPEAKER/CHAPTER/*.trans.txt`.
private func split(of transcripts: [URL]) -> LibriSpeechSplit? {
  let names = Set(transcripts.map { $0.pathComponents.dropLast(3).last })
  guard names.count == 1, let name = names.first else { return nil }
  return name.flatMap(LibriSpeechSplit.init(rawValue:))
}
