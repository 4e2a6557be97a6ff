// Speech that a window's text leaves out, transcribed by itself.

import SwiftletAudio
import SwiftletText

extension WindowPipeline {
  /// A window's segments in order, and between them what is said in the holes that they leave.
  ///
  /// - Parameters:
  ///   - source: of the recording.
  ///   - lastSpeech: as in ``time(_:lastSpeech:)``.
  func filled(_ text: WindowText, from source: LogMelSource, lastSpeech: Double) throws -> [Segment] {
    var segments = text.segments
    for hole in text.holes {
      guard let window = try window(of: source, at: hole.lowerBound, limit: hole.count) else { break }
      let place =
        segments.firstIndex { LogMelWindow.frame(at: $0.end) > hole.lowerBound } ?? segments.endIndex
      let seam = Seam(
        tokenizer: job.tokenizer, before: segments[..<place].last, after: segments[place...].first)
      let context = seam.context.suffix(job.scheduler.network.dimensions.textContext / 2 - 1)
      let specials = job.tokenizer.specials
      guard
        var heard = try decode(
          window,
          prompt: { DecodingPrompt(previous: Array(context), start: $0, given: [], specials: specials) })
      else { continue }
      try time(&heard, lastSpeech: lastSpeech)
      try compare(&heard, until: window.firstFrame + window.contentFrames)
      let found = try filled(heard, from: source, lastSpeech: lastSpeech)
      segments.insert(contentsOf: seam.joined(found), at: place)
    }
    return segments
  }
}

extension OmissionGuard {
  /// Segments that are cut where they leave out speech, and where that is; no holes if there are none.
  ///
  /// - Parameters:
  ///   - segments: with their words.
  ///   - stretch: what was transcribed, in frames of 10 ms.
  func divide(
    _ segments: [Segment], at stretch: Range<Int>, with tokenizer: Tokenizer
  ) -> (segments: [Segment], holes: [Range<Int>]) {
    let words = segments.flatMap { $0.words ?? [] }
    let holes = holes(in: stretch, words: words.filter { !isStretched($0) })
    // Words that were spread over a hole are transcribed again with it.
    let spread = words.filter { word in isStretched(word) && holes.contains { $0.overlaps(word.frames) } }
    let cuts = holes.map(\.lowerBound) + spread.flatMap { [$0.frames.lowerBound, $0.frames.upperBound] }
    var pieces = segments.flatMap { $0.divided(at: cuts.sorted(), with: tokenizer) }
    pieces.removeAll { piece in piece.words.map { !$0.isEmpty && $0.allSatisfy(spread.contains) } ?? false }
    return (pieces, holes)
  }
}

extension Word {
  fileprivate var frames: Range<Int> { LogMelWindow.frame(at: start)..<LogMelWindow.frame(at: end) }
}
