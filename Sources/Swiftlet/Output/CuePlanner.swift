// Text to subtitles that can be read: where one ends and the next begins, and where lines are broken.

import SwiftletText

/// Finds the subtitles of one channel whose breaks are together the least bad (``LineBreaking``), within the norms.
struct CuePlanner {
  /// Columns of what stands before the text of each.
  private let label: Int
  /// What is in no subtitle yet.
  private var atoms: [Atom] = []
  private var columns = 0
  private var lastText = ""

  /// Columns after which those that are certain are taken, and how many of the last are not.
  private static let horizon = 600
  private static let uncertain = 3

  init(label: Int = 0) { self.label = label }

  private struct Atom {
    /// Without the space before it.
    var text: String
    var isSpaced: Bool
    var time: TimeSpan
    var columns: Int
    var language: String
    /// How bad it is to break after it; known when the next is.
    var cost = 0.0
    /// Milliseconds until the next.
    var pause = 0
    var endsSentence = false
  }

  /// The subtitles that are certain with this segment.
  mutating func add(_ segment: TimedText, language: String) -> [SubtitleCue] {
    var cues: [SubtitleCue] = []
    let width = SubtitleNorms.lineWidth - label
    for (index, piece) in segment.words.flatMap(\.atoms).enumerated() {
      for (part, piece) in piece.cut(width: width).enumerated() {
        let text = piece.text.trimmingWhitespace
        guard !text.isEmpty else { continue }
        let isFirst = index == 0 && part == 0
        let isSpaced =
          isFirst ? lastText.isSpaced(before: text) : piece.text.first?.isWhitespace ?? false
        cues += add(
          Atom(
            text: text, isSpaced: isSpaced, time: piece.time, columns: text.columns, language: language))
      }
    }
    return cues
  }

  /// All that is left.
  ///
  /// - Parameter end: milliseconds of sound, if they are known.
  mutating func finish(end: Int?) -> [SubtitleCue] {
    defer { lastText = "" }
    return take(leaving: 0, end: end ?? .max / 2)
  }

  private mutating func add(_ atom: Atom) -> [SubtitleCue] {
    var cues: [SubtitleCue] = []
    if let last = atoms.indices.last, !atom.isSpaced, let end = atoms[last].text.last,
      let begin = atom.text.first, !LineBreaking.isAllowed(between: end, and: begin),
      atoms[last].columns + atom.columns <= SubtitleNorms.lineWidth - label
    {
      // A mark that a segment begins with.
      atoms[last].text += atom.text
      atoms[last].columns += atom.columns
      atoms[last].time.end = atom.time.end
      columns += atom.columns
      lastText = atom.text
      return []
    }
    if let last = atoms.indices.last {
      let next = (atom.isSpaced ? " " : "") + atom.text
      let pause = atom.time.start - atoms[last].time.end
      atoms[last].pause = max(0, pause)
      atoms[last].endsSentence = LineBreaking.endsSentence(atoms[last].text, before: next)
      atoms[last].cost = LineBreaking.cost(
        after: atoms[last].text, before: next, pause: pause, language: atom.language)
      if pause >= SubtitleNorms.pause {
        cues = take(leaving: 0, end: atom.time.start)
      } else if columns > Self.horizon {
        cues = take(leaving: Self.uncertain, end: atom.time.start)
      }
    }
    atoms.append(atom)
    columns += atom.columns
    lastText = atom.text
    return cues
  }

  /// Makes subtitles of all atoms but those of the last few.
  ///
  /// - Parameter end: milliseconds at which something else begins.
  private mutating func take(leaving uncertain: Int, end: Int) -> [SubtitleCue] {
    let widths = Widths(atoms.map { ($0.columns, $0.isSpaced) })
    let certain = plan(widths, end: end).dropLast(uncertain)
    let cues = certain.map { cue($0, widths) }
    atoms.removeFirst(certain.last?.upperBound ?? 0)
    columns = atoms.reduce(0) { $0 + $1.columns }
    return cues
  }

  /// The ranges of atoms that make a subtitle each.
  private func plan(_ widths: Widths, end: Int) -> [Range<Int>] {
    var best: [(cost: Double, begin: Int)] = [(0, 0)]
    for upper in 0..<atoms.count {
      var least = (cost: Double.infinity, begin: upper)
      for begin in (0...upper).reversed() {
        guard let cost = cost(begin..<upper + 1, widths, end: end) else { break }
        if best[begin].cost + cost < least.cost { least = (best[begin].cost + cost, begin) }
      }
      best.append(least)
    }
    var ranges: [Range<Int>] = []
    var upper = atoms.count
    while upper > 0 {
      ranges.append(best[upper].begin..<upper)
      upper = best[upper].begin
    }
    return ranges.reversed()
  }

  /// How bad a subtitle is; nil if it is too wide or too long, as any is that begins earlier.
  private func cost(_ range: Range<Int>, _ widths: Widths, end: Int) -> Double? {
    let (first, last) = (atoms[range.lowerBound], atoms[range.upperBound - 1])
    let width = widths[range]
    let spoken = last.time.end - first.time.start
    if range.count > 1 {
      guard spoken <= SubtitleNorms.longest,
        width + label <= SubtitleNorms.lines * SubtitleNorms.lineWidth
      else { return nil }
    }
    guard let lines = lineBreak(range, widths) else { return .infinity }
    let next = range.upperBound < atoms.count ? atoms[range.upperBound].time.start : end
    let shown = min(SubtitleNorms.longest, max(next - first.time.start, 1))
    var cost = 6 + lines.cost
    if range.upperBound < atoms.count { cost += 1.5 * last.cost }
    for index in range.dropLast() {
      let atom = atoms[index]
      if atom.endsSentence {
        let before = atom.time.end - first.time.start
        let after = last.time.end - atoms[index + 1].time.start
        cost += min(before, after) > 1_500 ? 7 : 2
      }
      if atom.pause > 700 { cost += Double(atom.pause - 700) / 150 }
    }
    if shown < SubtitleNorms.shortest { cost += 10 + Double(SubtitleNorms.shortest - shown) / 25 }
    let speed = 1_000 * Double(width) / Double(shown)
    cost += max(0, speed - SubtitleNorms.readingSpeed) / 2
    if width < 14 { cost += last.endsSentence && range.lowerBound == 0 ? 1 : 4 }
    let fullness = Double(width) / Double(SubtitleNorms.lines * SubtitleNorms.lineWidth)
    return cost + 2 * fullness * fullness
  }

  /// The atom that the second line begins with, nil for one line, and how bad that is; nil if there is no such place.
  private func lineBreak(_ range: Range<Int>, _ widths: Widths) -> (second: Int?, cost: Double)? {
    if widths[range] + label <= SubtitleNorms.lineWidth || range.count == 1 { return (nil, 0) }
    var best: (second: Int?, cost: Double)?
    for second in range.dropFirst() {
      let upper = widths[range.lowerBound..<second] + label
      let lower = widths[second..<range.upperBound]
      guard max(upper, lower) <= SubtitleNorms.lineWidth else { continue }
      let imbalance = Double(abs(upper - lower)) / Double(SubtitleNorms.lineWidth)
      let cost = 1 + 0.6 * atoms[second - 1].cost + 3 * imbalance + (upper > lower ? 0.2 : 0)
      if best.map({ cost < $0.cost }) ?? true { best = (second, cost) }
    }
    return best
  }

  private func cue(_ range: Range<Int>, _ widths: Widths) -> SubtitleCue {
    let second = lineBreak(range, widths)?.second
    let pieces = range.map { index in
      let atom = atoms[index]
      let space = index == range.lowerBound ? "" : index == second ? "\n" : atom.isSpaced ? " " : ""
      return SubtitleCue.Piece(text: space + atom.text, time: atom.time)
    }
    return SubtitleCue(
      time: TimeSpan(
        start: atoms[range.lowerBound].time.start, end: atoms[range.upperBound - 1].time.end),
      pieces: pieces)
  }
}

/// Columns of runs of atoms, without the space before the first.
private struct Widths {
  private var ends = [0]
  private let spaces: [Int]

  init(_ atoms: [(columns: Int, isSpaced: Bool)]) {
    spaces = atoms.map { $0.isSpaced ? 1 : 0 }
    for atom in atoms { ends.append(ends[ends.count - 1] + atom.columns + (atom.isSpaced ? 1 : 0)) }
  }

  subscript(range: Range<Int>) -> Int {
    ends[range.upperBound] - ends[range.lowerBound] - spaces[range.lowerBound]
  }
}
