// Names that look like others.

import SwiftletBasics
import Testing

@Suite struct EditDistanceTests {
  @Test func editDistanceCountsSingleChanges() {
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(editDistance("base", "base") == 0)
    #expect(editDistance("tiny.en", "tinyen") == 1)
  }

  @Test func hexadecimalHasTwoDigitsForEachByte() { #expect(hexadecimal([0, 0x0A, 0xFF]) == "000aff") }
}
