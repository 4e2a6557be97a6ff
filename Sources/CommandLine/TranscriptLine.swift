// What `transcribe --json` prints for a recording.

import Foundation
import Swiftlet

/// A line of JSON for one recording, whatever became of it.
struct TranscriptLine: Encodable {
  /// The path as it was given; bytes of it that are not text are written as `\xE9`.
  var file: String
  /// The path's bytes in base64 if they are not text.
  var fileBytes: Data?
  /// Nil for a recording that was skipped.
  var text: String?
  var segments: [Segment]?
  var language: String?
  /// How probable the language is, if it was detected.
  var languageProbability: Double?
  /// Seconds of sound.
  var duration: Double?
  var timings: Timings?
  /// The languages that the recording could be in, for `--detect-language`.
  var languages: [LanguageProbability]?
  /// Why the recording, or the rest of it, could not be transcribed.
  var error: String?
  /// True if its transcripts existed and nothing was done.
  var skipped: Bool?

  init(_ path: String) {
    let recording = LocalFile(path)
    file = recording.jsonPath
    fileBytes = recording.jsonPathBytes
  }

  init(_ path: String, _ transcript: Transcript, error: String?) {
    self.init(path)
    text = transcript.text
    segments = transcript.segments
    language = transcript.language
    languageProbability = transcript.languageProbability
    duration = transcript.duration
    timings = transcript.timings
    self.error = error
  }

  static func skipped(_ path: String) -> TranscriptLine {
    var line = TranscriptLine(path)
    line.skipped = true
    return line
  }
}

extension LocalFile {
  /// A path as JSON has it, which is text whatever the path is.
  var jsonPath: String { isNamedInUTF8 ? path : displayedPath }

  /// The bytes of a path that is not text.
  var jsonPathBytes: Data? { isNamedInUTF8 ? nil : Data(pathBytes) }
}
