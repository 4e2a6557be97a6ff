// The languages that were detected in a recording, on standard error.

import Foundation
import Swiftlet

/// Says each language of a recording once, when it is first heard.
struct DetectedLanguages {
  /// Whether the recording is named, as it must be among several.
  var recording: String?
  private var told: Set<String> = []

  /// - Parameter recording: its path, if messages are to name it.
  init(of recording: String? = nil) { self.recording = recording }

  /// What to say; nil if the language was given, or has been told.
  mutating func message(of code: String?, probability: Double?) -> String? {
    guard let code, let probability, told.insert(code).inserted else { return nil }
    let name = KnownLanguages.name(of: code)?.capitalized ?? code
    let text = "\(name) (probability \(String(format: "%.2f", probability)))"
    return recording.map { "\(LocalFile($0).displayedPath): detected language: \(text)" }
      ?? "Detected language: \(text)"
  }
}
