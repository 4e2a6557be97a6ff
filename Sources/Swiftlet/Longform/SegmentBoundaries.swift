// A window's hypothesis, cut into segments at its timestamps.

import SwiftletAudio
import SwiftletText

/// Which tokens of a hypothesis are a segment each, when they were said, and where the next window begins
/// (openai-whisper's `transcribe`).
struct SegmentBoundaries: Hashable, Sendable {
  struct Piece: Hashable, Sendable {
    var tokens: Range<Int>
    /// Seconds from the start of the window.
    var start: Double
    var end: Double
  }

  var pieces: [Piece] = []
  /// Frames from the start of the window to that of the next.
  var advance: Int
  /// Whether the last timestamp stands alone: nothing more is said in the window.
  var endsWithSingleTimestamp = false

  /// - Parameters:
  ///   - frames: of sound in the window.
  ///   - timestamps: whether the hypothesis was decoded with them.
  init(_ tokens: [Int], frames: Int, timestamps: Bool, specials: SpecialTokens) {
    advance = frames
    let duration = LogMelWindow.seconds(frames)
    guard timestamps else {
      pieces = [Piece(tokens: 0..<tokens.count, start: 0, end: duration)]
      return
    }
    func steps(_ index: Int) -> Int { tokens[index] - specials.timestampBegin }
    func seconds(_ steps: Int) -> Double { Double(steps) * SpecialTokens.timestampStep }
    let isTimestamp = tokens.map { $0 >= specials.timestampBegin }
    endsWithSingleTimestamp = isTimestamp.suffix(2) == [false, true]
    var ends = tokens.indices.dropFirst().filter { isTimestamp[$0 - 1] && isTimestamp[$0] }
    guard !ends.isEmpty else {
      // One segment: to its only timestamp, if it has one that says anything.
      let last = isTimestamp.lastIndex(of: true).map(steps) ?? 0
      pieces = [Piece(tokens: 0..<tokens.count, start: 0, end: last > 0 ? seconds(last) : duration)]
      return
    }
    if endsWithSingleTimestamp { ends.append(tokens.count) }
    var first = 0
    for end in ends {
      pieces.append(
        Piece(tokens: first..<end, start: seconds(steps(first)), end: seconds(steps(end - 1))))
      first = end
    }
    // What comes after the last pair is heard again in the next window.
    if !endsWithSingleTimestamp { advance = steps(first - 1) * Self.framesPerStep }
  }

  /// Cuts what is one piece into several, of which nobody knows yet when they were said: each has all of the piece's time.
  mutating func divide(at ranges: [Range<Int>]) {
    guard let whole = pieces.first, pieces.count == 1 else { return }
    pieces = ranges.map { Piece(tokens: $0, start: whole.start, end: whole.end) }
  }

  /// Frames of 10 ms in a timestamp's 20 ms.
  private static let framesPerStep = 2
}
