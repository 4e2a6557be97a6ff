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
  package let rows: [Row]
  package let failures: [Failure]

  /// Scores the texts of each contender's last pass; contenders without a pass have no row.
  ///
  /// - Parameters:
  ///   - references: what is said in the clips, in their order.
  ///   - normalization: what texts go through before their words are compared.
  package init(
    title: String, contenders: [Contender], failures: [Failure], references: [String],
    normalization: Normalization
  ) {
    let finished = contenders.filter { !$0.passes.isEmpty }
    let normalizer = normalization.normalizer
    func errors(_ contender: Contender) -> [EditCounts] {
      zip(references, contender.passes.last?.texts ?? []).map {
        UtteranceScore(reference: $0, hypothesis: $1, normalizer: normalizer).words
      }
    }
    let reference = finished.first { $0.name == Self.referenceEngine }
    let referenceErrors = reference.map(errors)
    let ours = finished.filter(\.isSwiftlet)
    self.title = title
    self.failures = failures
    rows = finished.compactMap { contender in
      Row(
        contender, errors: errors(contender), referenceTexts: reference?.passes.last?.texts,
        referenceErrors: referenceErrors, ours: ours)
    }
  }
}

extension Comparison.Row {
  /// Nil of a contender without passes.
  fileprivate init?(
    _ contender: Contender, errors: [EditCounts], referenceTexts: [String]?, referenceErrors: [EditCounts]?,
    ours: [Contender]
  ) {
    let passes = contender.passes
    guard let last = passes.last, let total = Spread(passes.map(\.seconds)),
      let speed = Spread(passes.map(\.speed))
    else { return nil }
    name = contender.name
    isSwiftlet = contender.isSwiftlet
    load = contender.load
    self.passes = passes
    self.total = total
    self.speed = speed
    encoder = Spread(passes.compactMap { pass in pass.encoder.map { $0 / Double(pass.windows) } })
    decoder = Spread(
      passes.compactMap { pass in
        guard let decoder = pass.decoder, let tokens = pass.tokens, tokens > 0 else { return nil }
        return decoder / Double(tokens)
      })
    memory = passes.map(\.memory).max() ?? 0
    words = errors.reduce(EditCounts(), +)
    wordErrorRate = words.rate
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
