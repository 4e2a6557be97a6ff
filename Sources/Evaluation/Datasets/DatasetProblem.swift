// What is wrong with one entry of a data set.

import SwiftletFiles

/// An entry that was left out, and why. Problems are collected: the rest of the data set is used.
package struct DatasetProblem: Hashable, Codable, Sendable {
  package enum Kind: String, Codable, Sendable, CaseIterable {
    case malformedLine, emptyReference, duplicateID, missingAudio
    /// Told by whoever reads the recording: damaged, no sound in it, or a request that the model refuses.
    case failedTranscription
    case unreadableFile
  }

  package let kind: Kind
  /// The file and line that it stands in, or the recording.
  package let place: String
  /// The utterance's id, where it is known.
  package let id: String?
  /// What is wrong, in words that complete "PLACE: ".
  package let detail: String

  package init(_ kind: Kind, place: String, id: String?, detail: String) {
    self.kind = kind
    self.place = place
    self.id = id
    self.detail = detail
  }
}

extension DatasetProblem: CustomStringConvertible {
  package var description: String { "\(place.displayedPath): \(detail.displayedPath)" }
}
