// A transcription that was ended goes on where it was.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Synchronization
import Testing

@testable import Swiftlet

@Suite(.slow, .enabled(if: Fixtures.readsMedia)) struct CheckpointTests {
  /// Everything that is known after each window.
  private func checkpoints(
    _ transcriber: Transcriber, _ input: AudioInput, _ options: TranscriptionOptions
  ) async throws -> (segments: [Segment], checkpoints: [TranscriptionCheckpoint]) {
    let seen = Mutex<[TranscriptionCheckpoint]>([])
    var segments: [Segment] = []
    for try await segment in transcriber.segments(
      of: input, options: options,
      progress: { progress in
        if let checkpoint = progress.checkpoint { seen.withLock { $0.append(checkpoint) } }
      })
    { segments.append(segment) }
    return (segments, seen.withLock { $0 })
  }

  private func rest(
    _ transcriber: Transcriber, _ input: AudioInput, _ options: TranscriptionOptions,
    from checkpoint: TranscriptionCheckpoint
  ) async throws -> [Segment] {
    // As another process would read it.
    let stored = try JSONDecoder().decode(
      TranscriptionCheckpoint.self, from: JSONEncoder().encode(checkpoint))
    #expect(stored == checkpoint)
    var segments: [Segment] = []
    let positions = Mutex<[Double]>([])
    for try await segment in transcriber.segments(
      of: input, options: options, from: stored,
      progress: { progress in positions.withLock { $0.append(progress.position) } })
    { segments.append(segment) }
    // It begins where it was, and does not go back.
    let seen = positions.withLock { $0 }
    #expect(seen.first == checkpoint.position && seen == seen.sorted())
    return segments
  }

  @Test(arguments: ["tiny.en", "base"]) func theRestIsWhatWouldHaveFollowed(model: String) async throws {
    let transcriber = try await TestModels.transcriber(model)
    let input = AudioInput.file(Fixtures.url("speech/long/1688-142285.opus"))
    var options = TranscriptionOptions()
    options.words.timestamps = true
    let (all, checkpoints) = try await checkpoints(transcriber, input, options)
    #expect(checkpoints.count >= 3 && checkpoints.last?.segmentCount == all.count)
    for checkpoint in [
      checkpoints[0], checkpoints[checkpoints.count / 2], checkpoints[checkpoints.count - 1],
    ] {
      let rest = try await rest(transcriber, input, options, from: checkpoint)
      #expect(Array(all.prefix(checkpoint.segmentCount)) + rest == all)
    }
  }

  /// The prompt, seeking and repetitions depend on the windows before.
  @Test(arguments: ["tiny.en", "base"]) func windowsGoOnAfterEachOther(model: String) async throws {
    let transcriber = try await TestModels.transcriber(model)
    let input = AudioInput.file(Fixtures.url("speech/long/1688-142285.opus"))
    var options = TranscriptionOptions()
    options.sequential = true
    options.initialPrompt = "A conversation."
    options.words.timestamps = true
    options.words.hallucinationSilenceThreshold = 2
    options.voiceActivity.hallucinationGuard = true
    let (all, checkpoints) = try await checkpoints(transcriber, input, options)
    #expect(checkpoints.count >= 3 && checkpoints.last?.segmentCount == all.count)
    for checkpoint in [
      checkpoints[0], checkpoints[checkpoints.count / 2], checkpoints[checkpoints.count - 1],
    ] {
      let rest = try await rest(transcriber, input, options, from: checkpoint)
      #expect(Array(all.prefix(checkpoint.segmentCount)) + rest == all)
    }
  }

  @Test(arguments: [false, true]) func separateChannelsGoOn(sequential: Bool) async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    options.sequential = sequential
    let speech = try await AudioInput.file(Fixtures.url("speech/long/1688-142285.opus")).decoded()
      .reduce(into: [Float]()) { $0 += $1[0] }
    // The second speaker begins 5 s later, and stops sooner.
    let samples = speech.indices.flatMap { index in
      let second = (80_000..<720_000).contains(index) ? speech[index - 80_000] : 0
      return [speech[index], second].map { Int16($0 * 32_767) }
    }
    let input = AudioInput.data(
      WaveFile.data(samples: samples, channels: 2), name: "call.wav", channels: .separate)
    let (all, checkpoints) = try await checkpoints(transcriber, input, options)
    #expect(Set(all.map(\.channel)) == [1, 2])
    for checkpoint in checkpoints {
      let rest = try await rest(transcriber, input, options, from: checkpoint)
      #expect(Array(all.prefix(checkpoint.segmentCount)) + rest == all)
    }
  }

  @Test func whatDoesNotFitIsRefused() async throws {
    let transcriber = try await TestModels.transcriber()
    let input = AudioInput.file(Fixtures.url("speech/jfk.flac"))
    let (_, checkpoints) = try await checkpoints(transcriber, input, TranscriptionOptions())
    let checkpoint = try #require(checkpoints.last)
    var options = TranscriptionOptions()
    options.sequential = true
    await #expect(throws: SwiftletError.self) {
      _ = try await rest(transcriber, input, options, from: checkpoint)
    }
    let sequential = try await self.checkpoints(transcriber, input, options).checkpoints
    let other = try #require(sequential.last)
    await #expect(throws: SwiftletError.self) {
      _ = try await rest(transcriber, input, TranscriptionOptions(), from: other)
    }
    await #expect(throws: SwiftletError.self) {
      _ = try await rest(
        transcriber, .file(Fixtures.url("speech/jfk.flac"), channels: .separate), TranscriptionOptions(),
        from: checkpoint)
    }
  }
}
