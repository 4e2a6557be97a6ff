// Which known names look most like one that was mistyped.

/// The number of insertions, deletions and substitutions of characters that turn `a` into `b` (Levenshtein,
/// 1966).
///
/// Takes time in proportion to the product of the lengths.
package func editDistance(_ a: String, _ b: String) -> Int {
  let target = Array(b)
  var row = Array(0...target.count)
  for (i, character) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in target.indices {
      let substituted = diagonal + (character == target[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[target.count]
}

/// The candidates at the smallest edit distance from `text`, at most `limit` away and at most three of them.
package func nearest(to text: String, among candidates: [String], within limit: Int) -> [String] {
  guard text.count <= 100 else { return [] }
  let distances = candidates.map { (name: $0, distance: editDistance(text, $0)) }
  guard let smallest = distances.map(\.distance).min(), smallest <= limit else { return [] }
  return Array(distances.filter { $0.distance == smallest }.map(\.name).prefix(3))
}
