// What an engine's driver is asked, and what it answers; one line of JSON each.

/// What a driver is told before anything else.
package struct ComparisonRequest: Codable, Hashable, Sendable {
  /// The model's name, or for Swiftlet the path of its engine.
  package let model: String
  package let threads: Int
  /// The code of the language spoken in all clips.
  package let language: String
  /// Paths of the recordings.
  package let clips: [String]
  /// Whether to transcribe whole recordings with the engine's defaults, and not window by window, greedily and without
  /// timestamps.
  package let long: Bool

  package init(model: String, threads: Int, language: String, clips: [String], long: Bool) {
    self.model = model
    self.threads = threads
    self.language = language
    self.clips = clips
    self.long = long
  }
}

/// What a driver says when its model is loaded and has transcribed one clip.
package struct ComparisonReady: Codable, Hashable, Sendable {
  /// Seconds to load the model, without those of the driver's own start.
  package let load: Double

  package init(load: Double) { self.load = load }
}

/// What an engine made of all clips, and what it took: what a driver answers to `go`.
package struct ComparedPass: Codable, Hashable, Sendable {
  /// Of wall clock time, from samples or files to texts.
  package var seconds: Double
  /// Seconds in the encoder and in the decoder, where the engine tells.
  package var encoder: Double?
  package var decoder: Double?
  /// Windows of 30 s, where they are known: of long recordings, how many there are is for the engine to choose.
  package var windows: Int?
  /// Decoder steps, those that found the end of a text included.
  package var tokens: Int?
  /// Seconds of sound.
  package var duration: Double
  /// The largest resident set of the driver so far, in bytes.
  package var memory: Int
  /// A text for each clip, in their order.
  package var texts: [String]

  package init(
    seconds: Double, encoder: Double?, decoder: Double?, windows: Int?, tokens: Int?, duration: Double,
    memory: Int, texts: [String]
  ) {
    self.seconds = seconds
    self.encoder = encoder
    self.decoder = decoder
    self.windows = windows
    self.tokens = tokens
    self.duration = duration
    self.memory = memory
    self.texts = texts
  }

  /// Seconds of sound in a second.
  package var speed: Double { duration / seconds }

  /// What is wrong with the answer, if anything is: figures that can't be are not to get into a table.
  package func problem(clips: Int) -> String? {
    guard texts.count == clips else { return "answered with \(texts.count) texts for \(clips) clips" }
    guard seconds > 0, seconds.isFinite, duration > 0, duration.isFinite, windows ?? 1 > 0 else {
      let count = windows.map { " in \($0) windows" } ?? ""
      return "answered with \(seconds) s for \(duration) s of audio\(count)"
    }
    return nil
  }
}
