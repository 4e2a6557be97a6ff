// Where a sequential transcription stands between two windows, so that another can go on there.

/// All that the next window of a channel depends on besides its sound and the options.
struct SequentialState: Hashable, Codable, Sendable {
  var pass: SequentialPass.State
  var repetition: HallucinationGuard.Repetition
  /// Seconds from the start of the recording to the end of the last word, and to that of the last segment.
  var lastSpeech: Double
  var lastEnd: Double
  /// Seconds of sound that were done.
  var duration: Double
}
