// Gathers the entries of a data set and sorts out those that can't be used.

import SwiftletFiles

/// Checks each entry for what can be known without reading the recording.
struct DatasetCollector {
  private(set) var utterances: [Utterance] = []
  private(set) var problems: [DatasetProblem] = []
  private var places: [String: String] = [:]
  private let allowsEmptyText: Bool

  /// - Parameter allowsEmptyText: whether an utterance in which nothing is said is of use.
  init(allowsEmptyText: Bool = false) { self.allowsEmptyText = allowsEmptyText }

  /// Adds an entry that stands at `place`, or the problem with it.
  mutating func add(_ utterance: Utterance, at place: String) {
    func problem(_ kind: DatasetProblem.Kind, _ detail: String) -> DatasetProblem {
      DatasetProblem(kind, place: place, id: utterance.id, detail: detail)
    }
    let kind = SystemFiles.kind(of: utterance.audio)
    if let first = places[utterance.id] {
      problems.append(problem(.duplicateID, "the id \(utterance.id) is already used in \(first)"))
    } else if utterance.text.isEmpty && !allowsEmptyText {
      problems.append(problem(.emptyReference, "\(utterance.id) has no text"))
    } else if kind == nil {
      problems.append(problem(.missingAudio, "there is no file \(utterance.audio)"))
    } else if kind == .folder || !SystemFiles.isReadable(utterance.audio) {
      problems.append(problem(.unreadableFile, "\(utterance.audio) is no file that can be read"))
    } else {
      utterances.append(utterance)
    }
    // A second entry is a duplicate of the first even if that is of no use.
    if places[utterance.id] == nil { places[utterance.id] = place }
  }

  mutating func add(_ problem: DatasetProblem) { problems.append(problem) }
}
