// Stretches of speech, gathered into what is transcribed at once.

import SwiftletAudio

/// Gathers neighbouring stretches of speech, the silence between them included, up to a window's length. All in frames of
/// 10 ms.
///
/// Chunks cover all speech in order and without an overlap; a stretch that is longer than a window by itself is cut into
/// windows.
struct SpeechChunks {
  private let longest: Int
  private var open: (frames: Range<Int>, clip: Int)?
  private var closed: [Range<Int>] = []

  init(longest: Int = LogMelWindow.frames) { self.longest = longest }

  /// Where the chunk begins to which more may be added; nil if there is none.
  var begin: Int? { open?.frames.lowerBound }

  /// The clip that it belongs to.
  var clip: Int? { open?.clip }

  /// Adds a stretch.
  ///
  /// - Parameters:
  ///   - stretch: behind all that were added before.
  ///   - clip: the number of what is to be transcribed; a chunk holds nothing of two.
  mutating func add(_ stretch: Range<Int>, clip: Int = 0) {
    if let last = open, last.clip == clip, stretch.upperBound - last.frames.lowerBound <= longest {
      open = (last.frames.lowerBound..<stretch.upperBound, clip)
      return
    }
    close()
    for begin in Swift.stride(from: stretch.lowerBound, to: stretch.upperBound, by: longest) {
      close()
      open = (begin..<min(begin + longest, stretch.upperBound), clip)
    }
  }

  /// Ends the open chunk if no stretch that ends at `frame` or later fits into it.
  mutating func close(at frame: Int) {
    if let open, frame - open.frames.lowerBound > longest { close() }
  }

  mutating func close() {
    if let open { closed.append(open.frames) }
    open = nil
  }

  /// The chunks to which nothing will be added, each once.
  mutating func takeClosed() -> [Range<Int>] {
    defer { closed = [] }
    return closed
  }

  /// All chunks of a recording.
  static func gathered(_ speech: [Range<Int>], longest: Int = LogMelWindow.frames) -> [Range<Int>] {
    var chunks = SpeechChunks(longest: longest)
    for stretch in speech where !stretch.isEmpty { chunks.add(stretch) }
    chunks.close()
    return chunks.takeClosed()
  }
}

/// Speech in whole frames, as far as it lies within the clips that were asked for.
struct SpeechFrames {
  private let clips: [Range<Int>]
  private var last = 0

  init(within clips: [Range<Int>]) { self.clips = clips }

  /// The parts of a stretch, which is behind all before it, each with the number of its clip.
  mutating func parts(of range: SpeechRange) -> [(frames: Range<Int>, clip: Int)] {
    let hop = LogMelSpectrogram.hop
    // Rounded outwards; the frame that two stretches share belongs to the first.
    let begin = max(range.startSample / hop, last)
    last = max(begin, (range.endSample + hop - 1) / hop)
    let frames = begin..<last
    return clips.enumerated().map { (frames.clamped(to: $1), $0) }.filter { !$0.0.isEmpty }
  }

  /// The parts of all speech, clip after clip.
  static func of(_ speech: [SpeechRange], within clips: [Range<Int>]) -> [Range<Int>] {
    var frames = SpeechFrames(within: clips)
    let parts = speech.flatMap { frames.parts(of: $0) }
    return clips.indices.flatMap { clip in parts.filter { $0.clip == clip }.map(\.frames) }
  }
}
