// Kernels with faults put into them, each of which the emulator or a comparison has to find: what proves that the other tests
// would find such a fault.

import SwiftletDevice
import SwiftletTestSupport
import Testing

@Suite(.enabled(if: runsSlowTests, "not one of the fast tests")) struct PlantedFaultTests {
  /// Without a fault, instrumented kernels pass all checks: none of them has a race.
  @Test func instrumentedKernelsPass() throws {
    let emulator = try FaultyBuild.build(nil)
    for check in KernelCheck.all {
      for seed in UInt64(1)...3 {
        let bench = try Bench(seed: seed, emulator: emulator)
        #expect(try check.run(bench).problems == [], "\(check)")
        #expect(bench.report == "", "\(check)")
        #expect(bench.counts.accesses > 0, "\(check)")
      }
    }
  }

  @Test(arguments: PlantedFault.all)
  func isFound(_ fault: PlantedFault) throws {
    let (finding, seen) = try fault.search()
    #expect(finding != nil, "'\(fault)' was not found as it should be; seen: \(seen)")
  }
}
