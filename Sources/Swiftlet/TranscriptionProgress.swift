// How far a transcription has come.

/// How much of the sound has been transcribed.
public struct TranscriptionProgress: Hashable, Sendable {
  /// Seconds of sound that are done.
  public var position: Double
  /// Seconds of sound in all, where the file says so.
  public var duration: Double?
  /// Where the time went so far.
  public var timings: Timings

  /// What a listener should know of the recording so far, a sentence each: audio tracks that were not chosen, stretches without
  /// audio, a broken clock. Once it is there, a sentence may change but does not go away.
  public var notices: [String]

  /// Where a transcription that ends here can go on; nil before the first window, and where the sound could not be read on.
  public var checkpoint: TranscriptionCheckpoint?

  /// A progress of these parts; times are seconds.
  public init(
    position: Double, duration: Double?, timings: Timings, notices: [String] = [],
    checkpoint: TranscriptionCheckpoint? = nil
  ) {
    self.notices = notices
    self.checkpoint = checkpoint
    self.position = position
    self.duration = duration
    self.timings = timings
  }
}
