// Live sound that is still listened to, and the committed words in it.

import SwiftletAudio
import SwiftletText

/// The sound since the last cut. Times are seconds from the start of the stream.
struct StreamingBuffer: Sendable {
  private(set) var samples: [Float] = []
  /// The sample of the stream that it begins with: at a whole frame.
  private(set) var begin = 0
  /// Words in it that are committed.
  private(set) var said: [HeardWord] = []

  private static let rate = Double(AudioDecoder.sampleRate)

  var end: Int { begin + samples.count }
  var start: Double { Double(begin) / Self.rate }
  var seconds: Double { Double(samples.count) / Self.rate }

  mutating func append(_ sound: [Float]) { samples += sound }
  mutating func append(_ words: [HeardWord]) { said += words }

  /// Cuts the sound behind one of the committed words: the first that ends a sentence, if there is one, otherwise the one
  /// with the longest pause after it. The first third of `limit` is too little to cut off; more than that is kept for context.
  ///
  /// - Parameter next: what was heard after the committed words.
  /// - Returns: the words before the cut; none where nothing is committed that far.
  mutating func cut(limit: Double, before next: HeardWord?) -> [HeardWord] {
    cut(behind: said.indices.filter { said[$0].word.end >= start + limit / 3 }, before: next)
  }

  /// Cuts the sound behind one of the committed words, chosen by the same rules, so that the words that stay have at most
  /// `limit` tokens.
  ///
  /// - Returns: the words before the cut; none where there is no need for one.
  mutating func cut(tokenLimit limit: Int, before next: HeardWord?) -> [HeardWord] {
    var kept = said.reduce(0) { $0 + $1.tokens.count }
    guard kept > limit else { return [] }
    return cut(
      behind: said.indices.filter { index in
        kept -= said[index].tokens.count
        return kept <= limit
      }, before: next)
  }

  private mutating func cut(behind candidates: [Int], before next: HeardWord?) -> [HeardWord] {
    func following(_ index: Int) -> HeardWord? { index + 1 < said.count ? said[index + 1] : next }
    func pause(_ index: Int) -> Double {
      following(index).map { max(0, $0.word.start - said[index].word.end) } ?? 0
    }
    func endsSentence(_ index: Int) -> Bool {
      let text = said[...index].map(\.word.text).joined()
      return SentenceEnd.isReached(text, before: following(index)?.word.text ?? " ")
    }
    guard let chosen = candidates.first(where: endsSentence) ?? candidates.max(by: { pause($0) < pause($1) })
    else { return [] }
    return cut(words: chosen + 1, at: said[chosen].word.end + pause(chosen) / 2)
  }

  /// Drops the sound before `seconds` and all words.
  mutating func cut(at seconds: Double) -> [HeardWord] { cut(words: said.count, at: seconds) }

  private mutating func cut(words count: Int, at seconds: Double) -> [HeardWord] {
    let hop = LogMelSpectrogram.hop
    let passed = min(samples.count, max(0, Int((seconds - start) * Self.rate))) / hop * hop
    samples.removeFirst(passed)
    begin += passed
    defer { said.removeFirst(count) }
    return Array(said[..<count])
  }
}
