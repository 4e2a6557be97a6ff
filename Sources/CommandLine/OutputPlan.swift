// Where the transcripts of all recordings go, and which recordings that leaves to transcribe.

import ArgumentParser
import Foundation
import Swiftlet

/// A recording, and what is to be done with it.
struct PlannedRecording {
  enum Step {
    /// Transcribe it and write its files, if there is a folder.
    case transcribe(OutputFolder?)
    /// All its files exist.
    case skip
    case fail(String, ExitCode)
  }

  let path: String
  let step: Step

  var isToTranscribe: Bool {
    if case .transcribe = step { true } else { false }
  }
}

extension OutputOptions {
  /// Finds out, before any work, where everything goes, and creates the folders.
  ///
  /// - Throws: `ExitCode.notUnderstood`, once the reason has been reported, if two recordings would have the same file or a file
  ///   exists. What concerns one recording only is a step that fails.
  func plan(_ recordings: [FoundRecording]) throws -> [PlannedRecording] {
    do {
      try subtitles.check()
    } catch {
      throw refusal("\(error)")
    }
    guard writesFiles else {
      try checkStandardOutput(recordings.count)
      return recordings.map { recording in
        PlannedRecording(
          path: recording.path,
          step: recording.problemText.map { .fail($0, .recordingFailed) } ?? .transcribe(nil))
      }
    }
    try checkForCollisions(recordings)
    let planned = try recordings.map { PlannedRecording(path: $0.path, step: try step(for: $0)) }
    var created: [LocalFile: Result<Void, OutputError>] = [:]
    return zip(recordings, planned).map { recording, planned in
      guard case .transcribe(let output?) = planned.step else { return planned }
      let key = folder(for: recording)
      let result = created[key] ?? Result { () throws(OutputError) in try output.create() }
      created[key] = result
      guard case .failure(let error) = result else { return planned }
      return PlannedRecording(path: planned.path, step: .fail("\(error)", .outputFailed))
    }
  }

  private func step(for recording: FoundRecording) throws -> PlannedRecording.Step {
    if let problem = recording.problemText { return .fail(problem, .recordingFailed) }
    var missing: [OutputFormat] = []
    for format in fileFormats {
      let output = output(for: recording, formats: [format])
      do throws(OutputError) {
        try output.check(recording.path)
        missing.append(format)
      } catch {
        guard case .alreadyThere(let file) = error else { return .fail("\(error)", .outputFailed) }
        if !skipExisting {
          throw refusal(
            "\(file) already exists; use --overwrite, --skip-existing, or another output folder.")
        }
      }
    }
    return missing.isEmpty ? .skip : .transcribe(output(for: recording, formats: missing))
  }

  private func output(for recording: FoundRecording, formats: [OutputFormat]) -> OutputFolder {
    OutputFolder(
      path: folder(for: recording).path, formats: formats, subtitles: subtitles, overwrites: overwrite)
  }

  private func folder(for recording: FoundRecording) -> LocalFile {
    if let outputDir { return LocalFile(outputDir).appending(recording.subfolder) }
    return LocalFile(recording.path).folder
  }

  private func checkForCollisions(_ recordings: [FoundRecording]) throws {
    var owners: [LocalFile: LocalFile] = [:]
    var places: [LocalFile: LocalFile] = [:]
    for recording in recordings where recording.problem == nil {
      // The same folder can have several names: a, ./a, a/../a.
      let folder = folder(for: recording)
      let place = places[folder] ?? folder.resolved ?? folder
      places[folder] = place
      let recorded = LocalFile(recording.path)
      for file in output(for: recording, formats: fileFormats).paths(of: recording.path).map(LocalFile.init) {
        guard let other = owners.updateValue(recorded, forKey: place.appending(file.name)) else { continue }
        throw refusal(
          """
          \(other.displayedPath) and \(recorded.displayedPath) would both be written to \(file.displayedPath); \
          \(outputDir == nil ? "rename one of them." : "use --output-beside, or transcribe them into different folders.")
          """)
      }
    }
  }

  private func checkStandardOutput(_ count: Int) throws {
    let hint = "use --output-dir (. is this folder) or --output-beside."
    if overwrite { throw refusal("--overwrite is for files; \(hint)") }
    if skipExisting { throw refusal("--skip-existing is for files; \(hint)") }
    if formats.count > 1 { throw refusal("Several formats can't share stdout; \(hint)") }
    if let format = formats.first, format != .txt, format.isStreamed, count > 1 {
      throw refusal("Several recordings in \(format.rawValue) can't share stdout; \(hint)")
    }
  }

  private func refusal(_ message: String) -> ExitCode {
    StandardError.message("Error: \(message)")
    return .notUnderstood
  }
}

extension FoundRecording {
  /// Why it can't be transcribed, for a person.
  fileprivate var problemText: String? {
    let text: String? =
      switch problem {
      case .isFolder: "is a folder; use --recursive (-r) to transcribe the recordings in it."
      case .hasNoRecordings: "contains no audio or video files."
      case .unreadable(let reason): "cannot be read: \(reason)."
      case nil: nil
      }
    return text.map { "\(LocalFile(path).displayedPath) \($0)" }
  }
}
