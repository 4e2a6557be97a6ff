// Why a data set can't be used at all.

import SwiftletFiles

/// What keeps a data set from being opened; what is wrong with single entries is a ``DatasetProblem``.
package enum DatasetError: Error, Hashable, Sendable {
  case noSuchPath(String)
  case unreadable(path: String, reason: String)
  /// A folder without a manifest and without transcripts.
  case nothingKnown(folder: String)
  /// A file whose name does not tell how it is written.
  case unknownFormat(file: String)
  /// Which of several manifests is meant?
  case severalManifests(folder: String, names: [String])
  case parquet(path: String)
  /// A table without the columns that are needed.
  case missingColumn(file: String, column: String, found: [String])
  /// Nothing is left to evaluate.
  case noUtterances(path: String, problems: [DatasetProblem])
}

extension DatasetError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noSuchPath(let path): "\(path.displayedPath): there is no such file or folder."
    case .unreadable(let path, let reason): "\(path.displayedPath) cannot be read: \(reason)."
    case .nothingKnown(let folder):
      "\(folder.displayedPath) is not a data set: it contains neither manifest.tsv, manifest.csv or manifest.jsonl nor LibriSpeech's "
        + "*.trans.txt. A manifest needs the columns audio and text."
    case .unknownFormat(let file):
      "\(file.displayedPath): a manifest's name must end in .tsv, .csv or .jsonl; for LibriSpeech, give the folder."
    case .severalManifests(let folder, let names):
      "\(folder.displayedPath) contains \(names.joined(separator: " and ")); give the one you mean."
    case .parquet(let path):
      "\(path.displayedPath) is a Parquet data set, which Swiftlet can't read. Write its recordings to files, with a "
        + "manifest.jsonl (audio, text) next to them, and give that folder; docs/evaluation.md has the few lines of "
        + "Python that do it."
    case .missingColumn(let file, let column, let found):
      "\(file.displayedPath) has no column \(column); its first line names \(found.joined(separator: ", ")). "
        + "Name the columns there: audio and text, and optionally language and id."
    case .noUtterances(let path, let problems):
      "\(path.displayedPath) contains nothing to evaluate"
        + (problems.isEmpty
          ? "." : ":\n" + problems.map { "  \($0)" }.joined(separator: "\n"))
    }
  }
}
