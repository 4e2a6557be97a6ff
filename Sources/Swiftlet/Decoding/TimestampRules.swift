// What a hypothesis with timestamps has to look like.

import SwiftletCompute
import SwiftletText

/// Timestamps come first and in pairs, never go back, and are chosen where together they are more probable than any word
/// (openai-whisper's `ApplyTimestampRules`).
struct TimestampRules: Hashable, Sendable {
  /// `<|notimestamps|>`, which is never chosen.
  var noTimestamps: Int
  /// `<|endoftext|>`: all ids below are text.
  var endOfText: Int
  /// `<|0.00|>`: all ids from here on are timestamps.
  var timestampBegin: Int
  /// The latest timestamp that may come first; nil if any may.
  var latestFirst: Int?

  /// - Parameter maximumInitial: seconds at which the first segment must have begun; nil if it may begin anywhere.
  init(_ specials: SpecialTokens, maximumInitial: Double?) {
    noTimestamps = specials.noTimestamps
    endOfText = specials.endOfText
    timestampBegin = specials.timestampBegin
    latestFirst = maximumInitial.map {
      specials.timestampBegin + Int(($0 / SpecialTokens.timestampStep).rounded(.toNearestOrEven))
    }
  }

  func apply(to row: inout MutableSpan<Float>, after tokens: [Int], _ context: ComputeContext) {
    let count = row.count
    row[noTimestamps] = -.infinity
    let lastIsTimestamp = tokens.last.map { $0 >= timestampBegin } ?? false
    let lastButOneIsTimestamp = tokens.count < 2 || tokens[tokens.count - 2] >= timestampBegin
    if lastIsTimestamp {
      // After a pair (or the first) comes text; after a single one, its fellow or the end.
      row.suppress(lastButOneIsTimestamp ? timestampBegin..<count : 0..<endOfText)
    }
    if let last = tokens.last(where: { $0 >= timestampBegin }) {
      // A segment has a length, so that decoding gets on.
      row.suppress(timestampBegin..<(lastIsTimestamp && !lastButOneIsTimestamp ? last : last + 1))
    }
    if tokens.isEmpty {
      row.suppress(0..<timestampBegin)
      if let latestFirst, latestFirst + 1 < count { row.suppress(latestFirst + 1..<count) }
    }
    let timestamps = context.logSumExp(row.span.extracting(timestampBegin..<count))
    if timestamps > context.largest(row.span.extracting(0..<timestampBegin)) {
      row.suppress(0..<timestampBegin)
    }
  }
}
