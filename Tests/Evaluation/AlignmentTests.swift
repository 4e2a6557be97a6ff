// Edit operations and counts: hand-made cases, and a plain table as oracle.

import SwiftletTestSupport
import Testing

@testable import SwiftletEvaluation

@Suite struct AlignmentTests {
  @Test func words() {
    let alignment = Alignment(reference: "the cat sat on the mat", hypothesis: "the bat sat the big mat")
    #expect(alignment.counts == EditCounts(hits: 4, substitutions: 1, deletions: 1, insertions: 1))
    #expect(
      alignment.steps.map { "\($0.operation):\($0.reference ?? "")/\($0.hypothesis ?? "")" } == [
        "match:the/the", "substitution:cat/bat", "match:sat/sat", "deletion:on/", "match:the/the",
        "insertion:/big", "match:mat/mat",
      ])
  }
}
