// What Whisper is asked to write.

/// What to do with the speech.
package enum SpeechTask: String, CaseIterable, Sendable {
  /// Write the words in the language in which they are spoken.
  case transcribe
  /// Write them in English.
  case translate
}
