// What has been transcribed so far, in a file, so that an interrupted run loses nothing.

package import Foundation
import SwiftletFiles

/// A file of JSON lines that only grows: which runs it belongs to, and each hypothesis as soon as it is there.
///
/// Hypotheses are kept and not their scores: those are computed anew, from the references of today.
package final class Journal {
  /// A line of the file.
  private struct Line: Codable {
    /// Introduces a run, whose number is how many were introduced before.
    var run: RunIdentity?
    var result: Result?

    struct Result: Codable {
      /// Which of the runs.
      var run: Int
      var id: String
      /// Size of the recording, by which another one is told.
      var bytes: Int
      var hypothesis: Recognition
    }
  }

  private struct Key: Hashable {
    var run: RunIdentity
    var id: String
    var bytes: Int
  }

  package let file: URL
  private var path: String { file.path(percentEncoded: false) }
  private let handle: FileHandle
  private var numbers: [RunIdentity: Int] = [:]
  private var kept: [Key: Recognition] = [:]

  /// Opens the journal of `runs`, or begins one.
  ///
  /// An incomplete last line, which a process that was killed may leave, is taken off.
  ///
  /// - Throws: a ``JournalError``, and nothing is changed, if the file is something else or has other runs than these.
  package init(_ file: URL, runs: [RunIdentity]) throws(JournalError) {
    self.file = file
    let path = file.path(percentEncoded: false)
    let descriptor = path.withSystemPath { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o666) }
    guard descriptor >= 0 else { throw .cannotWrite(file: path, reason: SystemError().description) }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      let data = try handle.readToEnd() ?? Data()
      let complete = data.lastIndex(of: UInt8(ascii: "\n")).map { data[...$0] } ?? Data()
      if complete.isEmpty && !data.isEmpty { throw JournalError.notAJournal(file: path) }
      try read(complete, runs)
      try handle.truncate(atOffset: UInt64(complete.count))
      for run in runs where numbers[run] == nil {
        numbers[run] = numbers.count
        try write(Line(run: run))
      }
    } catch let error as JournalError {
      throw error
    } catch {
      throw .cannotRead(file: path, reason: fileErrorReason(error))
    }
  }

  private func read(_ data: Data, _ runs: [RunIdentity]) throws(JournalError) {
    let decoder = JSONDecoder()
    var found: [RunIdentity] = []
    for (index, bytes) in data.split(separator: UInt8(ascii: "\n")).enumerated() {
      let line = try? decoder.decode(Line.self, from: Data(bytes))
      if let run = line?.run {
        guard runs.contains(run) else { throw .otherRun(file: path, found: "\(run)") }
        numbers[run] = found.count
        found.append(run)
      } else if let result = line?.result, found.indices.contains(result.run) {
        kept[Key(run: found[result.run], id: result.id, bytes: result.bytes)] = result.hypothesis
      } else if index == 0 {
        throw .notAJournal(file: path)
      } else {
        throw .malformedLine(file: path, line: index + 1)
      }
    }
  }

  /// What was made of an utterance before, if its recording still has the same size.
  package func hypothesis(of utterance: Utterance, in run: RunIdentity) -> Recognition? {
    kept[key(utterance, run)]
  }

  /// Keeps a hypothesis: it is in the file when this returns.
  package func keep(
    _ hypothesis: Recognition, of utterance: Utterance, in run: RunIdentity
  ) throws(JournalError) {
    guard let number = numbers[run] else { return }
    let key = key(utterance, run)
    kept[key] = hypothesis
    try write(Line(result: .init(run: number, id: key.id, bytes: key.bytes, hypothesis: hypothesis)))
  }

  private func key(_ utterance: Utterance, _ run: RunIdentity) -> Key {
    Key(run: run, id: utterance.id, bytes: (try? SystemFiles.status(of: utterance.audio).size) ?? 0)
  }

  private func write(_ line: Line) throws(JournalError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      try handle.write(contentsOf: try encoder.encode(line) + Data("\n".utf8))
    } catch {
      throw .cannotWrite(file: path, reason: fileErrorReason(error))
    }
  }
}
