// One recording of a data set, and what is said in it.

/// A recording and its reference text.
package struct Utterance: Hashable, Codable, Sendable {
  /// Unique in the data set: what its `id` column says, or the audio's path as the manifest writes it.
  package let id: String
  /// Path of the recording.
  package let audio: String
  /// The reference: what is said. Empty only where the data set was opened so that it may be.
  package let text: String
  /// The language spoken, as a code or a name, if the data set tells it.
  package let language: String?

  package init(id: String, audio: String, text: String, language: String? = nil) {
    self.id = id
    self.audio = audio
    self.text = text
    self.language = language
  }
}
