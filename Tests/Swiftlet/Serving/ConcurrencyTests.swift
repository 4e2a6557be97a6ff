// Recordings side by side through one network.

import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct ConcurrencyTests {
  static let recordings = [
    "jfk.flac", "1688-142285-0001.flac", "LJ001-0001.wav", "2414-128291-0002.flac", "jfk.flac",
  ].map { Fixtures.url("speech/\($0)").path }

  /// Segments, tokens, times and probabilities: all of it.
  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: [true, false]) func togetherIsAsAlone(
    timestamps: Bool
  )
    async throws
  {
    var options = TranscriptionOptions()
    options.sequential = true
    options.windows.timestamps = timestamps
    let alone = try await TestModels.ownTranscriber(threads: 1, concurrency: 1)
    var expected: [[Segment]] = []
    for path in Self.recordings {
      expected.append(try await alone.transcribe(.file(path: path), options: options).segments)
    }
    #expect(expected.allSatisfy { !$0.isEmpty })

    let together = try await TestModels.ownTranscriber(threads: 2, concurrency: 3)
    let found = try await withThrowingTaskGroup(of: (Int, [Segment]).self) { [options] group in
      for (index, path) in Self.recordings.enumerated() {
        group.addTask { (index, try await together.transcribe(.file(path: path), options: options).segments) }
      }
      var found = [[Segment]](repeating: [], count: Self.recordings.count)
      for try await (index, segments) in group { found[index] = segments }
      return found
    }
    #expect(found == expected)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func oneThatIsCancelledDoesNotDisturbTheOthers()
    async throws
  {
    let transcriber = try await TestModels.ownTranscriber(threads: 1, concurrency: 2)
    let unwanted = Task { try await transcriber.transcribe(.file(path: Self.recordings[1])).segments }
    let wanted = Task { try await transcriber.transcribe(.file(path: Self.recordings[0])).segments }
    unwanted.cancel()
    await #expect(throws: CancellationError.self) { try await unwanted.value }
    #expect(try await wanted.value.first?.text.hasPrefix("And so my fellow Americans") == true)
    // Its place is free again.
    #expect(try await transcriber.transcribe(.file(path: Self.recordings[2])).segments.isEmpty == false)
  }

  @Test(.slow) func noRecordingAtOnceIsRefused() async throws {
    await #expect(throws: SwiftletError.self) { try await TestModels.ownTranscriber(concurrency: 0) }
  }
}
