// What a recognizer made of an utterance.

/// The text of a recording, and what it took to get it.
package struct Recognition: Hashable, Codable, Sendable {
  package let text: String
  /// The code of the language that was given or detected.
  package let language: String?
  /// Seconds of sound.
  package let duration: Double
  /// Seconds of wall clock time, reading the file included.
  package let seconds: Double

  /// Seconds of sound in a second; nil if no time passed.
  package var speed: Double? { seconds > 0 ? duration / seconds : nil }

  package init(text: String, language: String? = nil, duration: Double, seconds: Double) {
    self.text = text
    self.language = language
    self.duration = duration
    self.seconds = seconds
  }
}
