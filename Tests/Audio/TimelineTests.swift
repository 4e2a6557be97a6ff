// Where pieces of sound go by the times of their container.

import Testing

@testable import SwiftletAudio

@Suite struct TimelineTests {
  /// Places pieces of 0.1 s at `times`; the moments at which each of them then begins.
  private func places(_ times: [Double?], origin: Double = 0) -> (begins: [Double], timeline: Timeline) {
    var timeline = Timeline(origin: origin)
    var begins: [Double] = []
    var end = 0.0
    var waits = false
    func put(_ silence: Double) {
      end += silence
      begins.append((end * 1_000).rounded() / 1_000)
      end += 0.1
    }
    for time in times {
      let placement = timeline.place(time, duration: 0.1)
      #expect((placement.silence != nil) == waits)
      if let silence = placement.silence { put(silence) }
      waits = placement.isSuspect
      if !waits { put(0) }
    }
    if let silence = timeline.finish() { put(silence) }
    #expect(abs(timeline.end - end) < 1e-9)
    return (begins, timeline)
  }

  @Test func whatFollowsIsPlacedBehind() {
    let result = places([0, 0.1, 0.2, nil, 0.4])
    #expect(result.begins == [0, 0.1, 0.2, 0.3, 0.4])
    #expect(result.timeline.gaps.isEmpty && result.timeline.jumps.isEmpty)
  }

  @Test func soundThatBeginsLateHasSilenceBeforeIt() {
    #expect(places([1_004.9, 1_005], origin: 1_000).begins == [4.9, 5])
    #expect(places([4.9]).begins == [4.9])
  }

  @Test func missingSoundIsSilenceOfItsLength() {
    let result = places([0, 0.1, 10.2, 10.3, 12.3])
    #expect(result.begins == [0, 0.1, 10.2, 10.3, 12.3])
    #expect(result.timeline.gaps.count == 2)
    #expect(result.timeline.jumps.isEmpty)
  }

  @Test func roundingIsNoGap() {
    #expect(places([0, 0.119, 0.181, 0.3]).begins == [0, 0.1, 0.2, 0.3])
    #expect(places([0, 0.125, 0.225]).begins == [0, 0.125, 0.225])
  }

  @Test func overlapsAreNotCutOff() {
    #expect(places([0, 0.1, 0.05, 0.15, 0.5]).begins == [0, 0.1, 0.2, 0.3, 0.5])
  }

  @Test func oneWrongTimeMovesNothing() {
    for wrong in [50, -50, 1e7, 1.5] {
      let result = places([0, 0.1, wrong, 0.3, 0.4])
      #expect(result.begins == [0, 0.1, 0.2, 0.3, 0.4])
      #expect(result.timeline.gaps.isEmpty && result.timeline.jumps.isEmpty)
    }
    #expect(places([0, .nan, .infinity, 0.3]).begins == [0, 0.1, 0.2, 0.3])
  }

  @Test func brokenClocksAreNotFollowed() {
    let ahead = places([0, 0.1, 36_000, 36_000.1, 36_005])
    #expect(ahead.begins == [0, 0.1, 0.2, 0.3, 5.2])
    #expect(ahead.timeline.jumps == [.init(at: 0.2, by: 35_999.8, to: 36_000)])
    let back = places([50, 50.1, 0, 0.1, 0.2], origin: 50)
    #expect(back.begins == [0, 0.1, 0.2, 0.3, 0.4])
    #expect(back.timeline.jumps.count == 1 && back.timeline.shift < 0)
  }

  /// After some pieces with another clock, the first one holds again.
  @Test func theClockMayComeBack() {
    let result = places([0, 0.1, 5_000, 5_000.1, 0.4, 0.5, 2.6])
    #expect(result.begins == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 2.6])
    #expect(result.timeline.shift == 0)
  }
}
