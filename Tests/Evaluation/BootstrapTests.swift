// The confidence interval of error rates.

import Testing

@testable import SwiftletEvaluation

@Suite struct BootstrapTests {
  @Test func oneUtteranceHasNoSpread() throws {
    let interval = try #require(bootstrapInterval(of: [EditCounts(hits: 3, substitutions: 1)]))
    #expect(interval == 0.25...0.25)
  }

  @Test func nothingSaidHasNoInterval() {
    #expect(bootstrapInterval(of: []) == nil)
    #expect(bootstrapInterval(of: [EditCounts(insertions: 3)]) == nil)
  }

  @Test func emptyReferencesAmongOthersCount() throws {
    // A draw of the first only is nothing said, and is drawn again.
    let interval = try #require(bootstrapInterval(of: [EditCounts(insertions: 2), EditCounts(hits: 4)]))
    #expect(interval == 0...0.5)
  }

  @Test func theSeedDecides() {
    let utterances = (0..<50).map { EditCounts(hits: 10, deletions: $0 % 4) }
    #expect(bootstrapInterval(of: utterances) == bootstrapInterval(of: utterances))
    #expect(bootstrapInterval(of: utterances) != bootstrapInterval(of: utterances, seed: 2))
  }

  @Test(arguments: [1, 2, 3])
  func itIsAsWideAsTheNormalDistributionHasIt(seed: UInt64) throws {
    // Every fifth of 1000 utterances of one word is wrong: the standard deviation of the rate is
    // sqrt(0.2 * 0.8 / 1000) = 0.01265, and 1.96 of them lie on each side. The ends of the interval are random
    // themselves: about 0.0011 after 1000 resamples.
    let utterances = (0..<1000).map { $0 % 5 == 0 ? EditCounts(deletions: 1) : EditCounts(hits: 1) }
    let interval = try #require(bootstrapInterval(of: utterances, seed: seed))
    #expect(abs(interval.lowerBound - (0.2 - 0.0248)) < 0.004)
    #expect(abs(interval.upperBound - (0.2 + 0.0248)) < 0.004)
  }
}
