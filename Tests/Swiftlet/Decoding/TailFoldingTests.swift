import Testing

@testable import Swiftlet
@testable import SwiftletAudio
@testable import SwiftletWhisper

struct TailFoldingTests {
  private func plan(soundFrames: Int = 1000, _ options: TranscriptionOptions) -> EncoderPositions {
    let window = LogMelWindow(
      values: [], bins: 80, soundFrames: soundFrames, firstFrame: 0, contentFrames: soundFrames)
    return TailFolding.positions(of: window, count: 1500, options: options)
  }

  private func options(
    timestamps: Bool = false, padding: TranscriptionOptions.Padding = .silence,
    tail: TranscriptionOptions.Tail? = nil
  ) -> TranscriptionOptions {
    var options = TranscriptionOptions()
    options.windows.padding = padding
    options.windows.tail = tail
    options.sequential = true
    options.windows.timestamps = timestamps
    return options
  }

  private let exact = EncoderPositions.exact(positions: 1500)

  @Test func whereNothingIsSaidSilenceIsFoldedWithoutTimestamps() {
    #expect(plan(options()) == .folded(positions: 1500, sound: 500, margin: 50, step: 16))
    #expect(plan(options(timestamps: true)) == exact)
    #expect(plan(options(padding: .zeros)) == exact)
  }

  @Test func whatIsSaidHolds() {
    #expect(plan(options(tail: .exact)) == exact)
    #expect(plan(options(timestamps: true, tail: .fold)) != exact)
  }

  @Test func aSecondMustBeEmpty() {
    #expect(plan(soundFrames: 2900, options()) == .folded(positions: 1500, sound: 1450, margin: 50, step: 16))
    #expect(plan(soundFrames: 2901, options()) == exact)
    #expect(plan(soundFrames: 2000, options()) != exact)
  }
}
