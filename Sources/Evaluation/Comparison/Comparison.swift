// Engines side by side on the same clips: what their passes say about speed and quality.

import Foundation

/// An engine at one precision or with one way to work, and its passes.
package struct Contender: Sendable {
  package let name: String
  /// Whether it is one of ours: the others are compared with these.
  package let isSwiftlet: Bool
  /// Seconds to load the model.
  package let load: Double
  /// In the order in which they were run; pass n of one contender was run beside pass n of the others.
  package var passes: [ComparedPass]

  package init(name: String, isSwiftlet: Bool, load: Double, passes: [ComparedPass] = []) {
    self.name = name
    self.isSwiftlet = isSwiftlet
    self.load = load
    self.passes = passes
  }
}

/// What the passes of all contenders come to.
package struct Comparison: Encodable, Sendable {
  /// The contender whose texts the others' are compared with: PyTorch's float32 arithmetic, in the implementation
  /// that most people take for the reference.
  package static let referenceEngine = "transformers-fp32"

  /// A recording that all transcribed.
  package struct Recording: Encodable, Sendable {
    package let id: String
    /// What is said in it; empty if nothing is.
    package let text: String

    package init(id: String, text: String) {
      self.id = id
      self.text = text
    }
  }

  package struct Row: Encodable, Sendable {
    package let name: String
    package let isSwiftlet: Bool
    /// Seconds.
    package let load: Double
    package let total: Spread
    /// Seconds a window, and seconds a decoder step; nil where the engine does not tell.
    package let encoder: Spread?
    package let decoder: Spread?
    /// Seconds of sound in a second.
    package let speed: Spread
    /// Bytes.
    package let memory: Int
    package let words: EditCounts
    /// A fraction, as the shares are; nil of clips without words.
    package let wordErrorRate: Double?
    /// What holds the rate with 95 % confidence, had other recordings of the same kind been taken.
    package let interval: ClosedRange<Double>?
    package let unmatched: UnmatchedWords
    /// Of clips with the reference engine's text to the letter, and of those with more word errors than it; nil
    /// without a reference engine.
    package let same: Double?
    package let worse: Double?
    /// How many times as long as that contender of ours it took, in passes side by side.
    package let ratios: [String: Spread]
    package let passes: [ComparedPass]
  }

  /// A contender that is not in the table, or not with all passes, and why.
  package struct Failure: Codable, Hashable, Sendable {
    package let name: String
    package let reason: String

    package init(name: String, reason: String) {
      self.name = name
      self.reason = reason
    }
  }

  package let title: String
  /// Whether whole recordings were transcribed, with each engine's defaults.
  package let isLong: Bool
  /// In the order of the texts of each pass.
  package let recordings: [Recording]
  package let rows: [Row]
  package let failures: [Failure]

  /// Scores the texts of each contender's last pass; contenders without a pass have no row.
  ///
  /// - Parameters:
  ///   - isLong: whether whole recordings were transcribed, with each engine's defaults.
  ///   - normalization: what texts go through before their words are compared.
  package init(
    title: String, isLong: Bool, contenders: [Contender], failures: [Failure], recordings: [Recording],
    normalization: Normalization
  ) {
    let finished = contenders.filter { !$0.passes.isEmpty }
    let normalizer = normalization.normalizer
    func scores(_ contender: Contender) -> [UtteranceScore] {
      zip(recordings, contender.passes.last?.texts ?? []).map {
        UtteranceScore(reference: $0.text, hypothesis: $1, normalizer: normalizer)
      }
    }
    let reference = finished.first { $0.name == Self.referenceEngine }
    let referenceErrors = reference.map { scores($0).map(\.words) }
    let ours = finished.filter(\.isSwiftlet)
    self.title = title
    self.isLong = isLong
    self.recordings = recordings
    self.failures = failures
    rows = finished.compactMap { contender in
      Row(
        contender, scores: scores(contender), referenceTexts: reference?.passes.last?.texts,
        referenceErrors: referenceErrors, ours: ours)
    }
  }
}

extension Comparison.Row {
  /// Nil of a contender without passes.
  fileprivate init?(
    _ contender: Contender, scores: [UtteranceScore], referenceTexts: [String]?,
    referenceErrors: [EditCounts]?, ours: [Contender]
  ) {
    let passes = contender.passes
    let errors = scores.map(\.words)
    guard let last = passes.last, let total = Spread(passes.map(\.seconds)),
      let speed = Spread(passes.map(\.speed))
    else { return nil }
    name = contender.name
    isSwiftlet = contender.isSwiftlet
    load = contender.load
    self.passes = passes
    self.total = total
    self.speed = speed
    encoder = Spread(
      passes.compactMap { pass in
        guard let encoder = pass.encoder, let windows = pass.windows else { return nil }
        return encoder / Double(windows)
      })
    decoder = Spread(
      passes.compactMap { pass in
        guard let decoder = pass.decoder, let tokens = pass.tokens, tokens > 0 else { return nil }
        return decoder / Double(tokens)
      })
    memory = passes.map(\.memory).max() ?? 0
    words = errors.reduce(EditCounts(), +)
    wordErrorRate = words.rate
    interval = bootstrapInterval(of: errors)
    unmatched = scores.reduce(UnmatchedWords()) { $0 + $1.unmatched }
    same = referenceTexts.map { texts in share(zip(texts, last.texts)) { trimmed($0) == trimmed($1) } }
    worse = referenceErrors.map { others in share(zip(others, errors)) { $0.errors < $1.errors } }
    let spreads = ours.compactMap { other in
      Spread(zip(passes, other.passes).map { $0.seconds / $1.seconds }).map { (other.name, $0) }
    }
    ratios = Dictionary(spreads, uniquingKeysWith: { first, _ in first })
  }
}

/// The share of pairs of which `condition` is true.
private func share<Element>(
  _ pairs: Zip2Sequence<[Element], [Element]>, where condition: (Element, Element) -> Bool
) -> Double {
  let all = Array(pairs)
  return Double(all.count { condition($0, $1) }) / Double(max(all.count, 1))
}

/// Engines differ in the spaces they put around a text, which nobody reads.
private func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
