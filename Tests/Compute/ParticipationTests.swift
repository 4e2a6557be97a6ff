// How many threads take part, by what was lost: a clock that the test holds.

import Testing

@testable import SwiftletCompute

@Suite struct ParticipationTests {
  /// A machine on which a run of so many threads takes `run` and is held up for `heldUp` of it.
  private struct Machine {
    var participation: Participation
    var now = 0
    /// Threads of each run so far.
    var counts: [Int] = []

    init(threads: Int) { participation = Participation(threads: threads) }

    mutating func run(_ nanoseconds: Int, heldUp: (_ threads: Int) -> Int = { _ in 0 }) {
      let count = participation.count(at: now)
      let lost = heldUp(count)
      participation.note(heldUp: lost, from: now, to: now + nanoseconds + lost)
      now += nanoseconds + lost
      counts.append(count)
    }
  }

  @Test func allTakePartWhereNothingIsInTheWay() {
    var machine = Machine(threads: 6)
    for _ in 0..<1_000 { machine.run(500_000) }
    #expect(machine.counts.allSatisfy { $0 == 6 })
  }

  /// Waiting is a part of large models' runs, and a short wait of every run.
  @Test func ordinaryWaitsChangeNothing() {
    var machine = Machine(threads: 2)
    for _ in 0..<100 { machine.run(20_000_000) { _ in 5_000_000 } }
    for _ in 0..<100 { machine.run(100_000) { _ in 150_000 } }
    #expect(machine.counts.allSatisfy { $0 == 2 })
  }

  /// With two threads every run is held up; one alone takes twice as long. Trials cost little, and get rarer.
  @Test func aBusyMachineGetsOneThread() {
    var machine = Machine(threads: 2)
    while machine.now < 10_000_000_000 { machine.run(1_000_000) { $0 > 1 ? 3_000_000 : 0 } }
    let trials = machine.counts.count { $0 == 2 }
    #expect((2...60).contains(trials))
    #expect(machine.counts.count > 9_500)
  }

  /// Half of the threads are no longer held up by a program that wants one processor.
  @Test func halfOfTheThreadsIsTriedFirst() {
    var machine = Machine(threads: 8)
    while machine.now < 1_000_000_000 { machine.run(500_000) { $0 > 4 ? 3_000_000 : 0 } }
    #expect(machine.counts.allSatisfy { $0 == 4 || $0 == 8 })
    #expect(machine.counts.count { $0 == 8 } < machine.counts.count / 20)
  }

  /// When the other program is gone, all take part again within half a second, and a single hold-up costs little then.
  @Test func allTakePartAgain() {
    var machine = Machine(threads: 4)
    while machine.now < 2_000_000_000 { machine.run(1_000_000) { $0 > 1 ? 4_000_000 : 0 } }
    let quiet = machine.now
    while machine.counts.last != 4 {
      machine.run(1_000_000)
      #expect(machine.now < quiet + 600_000_000)
    }
    for _ in 0..<200 { machine.run(1_000_000) }
    #expect(machine.counts.suffix(200).allSatisfy { $0 == 4 })
    machine.run(1_000_000) { _ in 3_000_000 }
    let late = machine.now
    while machine.counts.last != 4 || machine.now == late { machine.run(1_000_000) }
    #expect(machine.now < late + 60_000_000)
  }
}
