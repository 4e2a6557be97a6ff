// Where a transcription can go on.

/// How far a transcription had come: with it, one that was ended can go on, in another process as well.
///
/// ```swift
/// func rest(from checkpoint: TranscriptionCheckpoint) -> some AsyncSequence<Segment, any Error> {
///   transcriber.segments(of: .file(url), from: checkpoint)
/// }
/// ```
///
/// It is of the same recording and options, and goes with the first ``segmentCount`` segments: the rest that follows is what would
/// have followed.
public struct TranscriptionCheckpoint: Hashable, Codable, Sendable {
  /// Segments that had been delivered. A reader who has fewer of them still has to take the others first.
  public internal(set) var segmentCount: Int
  /// Seconds of sound that were done.
  public internal(set) var position: Double
  /// Where the time went until then.
  var timings: Timings
  var channels: [Channel]
  /// Segments that were known, and could not be delivered before others.
  var waiting: [Waiting]

  /// What is known of a channel, or of a recording whose channels are mixed.
  struct Channel: Hashable, Codable, Sendable {
    /// Chunks that were done, from the first on.
    var chunks = 0
    var language: String?
    var languageProbability: Double?
    /// Up to where its segments are known, in seconds; nil for all of it.
    var known: Double?
    /// Where windows that follow each other stand; nil with chunks.
    var sequential: SequentialState?
  }

  struct Waiting: Hashable, Codable, Sendable {
    var segment: Segment
    var channel: Int
  }
}

extension TranscriptionCheckpoint {
  /// The beginning of a recording.
  ///
  /// - Parameter languages: of its channels, where they are given.
  init(languages: [String?]) {
    self.init(
      segmentCount: 0, position: 0, timings: Timings(),
      channels: languages.map { Channel(language: $0, known: 0) }, waiting: [])
  }

  /// Whether it can be of a recording of so many channels, transcribed in this way. A channel that has not begun fits either.
  func fits(channels count: Int, sequential: Bool) -> Bool {
    channels.count == count
      && channels.allSatisfy { sequential ? $0.chunks == 0 : $0.sequential == nil }
  }
}
