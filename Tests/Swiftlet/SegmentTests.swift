// Real speech with timestamps: openai-whisper's segments, and a run that can be repeated.

import CAllocations
import Foundation
import SwiftletCompute
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import SwiftletWhisper
import Testing

@testable import Swiftlet

/// `Tests/Fixtures/speech/segments.json`, recorded by `Scripts/fixtures/segments.py`.
private struct RecordedRun: Decodable {
  struct Piece: Decodable {
    var seek: Int
    var start: Double
    var end: Double
    var text: String
    var tokens: [Int]
    var avg_logprob: Double
    var compression_ratio: Double
    var no_speech_prob: Double
  }

  var model: String
  var file: String
  var run: String
  var segments: [Piece]
}

@Suite(.serialized) struct SegmentTests {
  private func options(_ recorded: RecordedRun) -> TranscriptionOptions {
    var options = TranscriptionOptions(language: recorded.model == "base" ? "en" : nil)
    options.windows.padding = .zeros
    options.windows.tail = .exact
    options.sequential = true
    options.fallback.temperatures = [0]
    switch (recorded.run, recorded.model, recorded.file) {
    case ("beam", "tiny.en", "long/1688-142285.opus"):
      options.decoding.beamSize = 5
      options.decoding.patience = 1.4
      options.decoding.lengthPenalty = 0.6
    case ("beam", _, _): options.decoding.beamSize = 5
    case ("clips", _, _): options.clipTimestamps = [1.5, 20, 33.3, 60]
    case ("prompted", _, _):
      options.initialPrompt = "Margaret Hale, Mister Thornton."
      options.carryInitialPrompt = true
    default: break
    }
    return options
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: ["tiny.en", "base"])
  func segmentsAreTheReferences(
    name: String
  ) async throws {
    let data = try Data(contentsOf: Fixtures.url("speech/segments.json"))
    let runs = try JSONDecoder().decode([RecordedRun].self, from: data).filter { $0.model == name }
    #expect(runs.count == (name == "base" ? 2 : 6))
    let transcriber = try await TestModels.transcriber(name, .fp32)
    for recorded in runs {
      let segments = try await transcriber.transcribe(
        .file(path: Fixtures.url("speech/\(recorded.file)").path), options: options(recorded)
      ).segments
      let label = "\(name), \(recorded.file), \(recorded.run)"
      #expect(segments.map(\.tokens) == recorded.segments.map(\.tokens), "\(label)")
      for (found, expected) in zip(segments, recorded.segments) {
        // The reference's last segment of a clip can end after it.
        let end = recorded.run == "clips" && expected.start < 20 ? min(expected.end, 20) : expected.end
        #expect((found.start - expected.start).magnitude < 1e-9 && (found.end - end).magnitude < 1e-9)
        #expect(((found.windowStart ?? -1) * 100).rounded() == Double(expected.seek))
        #expect(found.text == expected.text.trimmingCharacters(in: .whitespaces))
        #expect((found.averageLogProbability - expected.avg_logprob).magnitude < 1e-4, "\(label)")
        #expect((found.noSpeechProbability - expected.no_speech_prob).magnitude < 1e-4, "\(label)")
        #expect((found.compressionRatio - expected.compression_ratio).magnitude < 1e-9, "\(label)")
        #expect(found.tokenLogProbabilities.count == found.tokens.count)
      }
    }
  }

  /// Thresholds that nothing meets make every temperature be tried; the last is kept.
  @Test(.slow) func fallbackGoesToTheLastTemperatureAndRepeats() async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    options.sequential = true
    options.fallback.logProbabilityThreshold = 0
    options.fallback.noSpeechThreshold = nil
    options.fallback.temperatures = [0, 0.5, 1]
    let path = Fixtures.url("speech/LJ001-0001.wav").path
    let first = try await transcriber.transcribe(.file(path: path), options: options).segments
    #expect(first.allSatisfy { $0.temperature == 1 } && !first.isEmpty)
    #expect(try await transcriber.transcribe(.file(path: path), options: options).segments == first)
    options.decoding.seed = 1
    #expect(try await transcriber.transcribe(.file(path: path), options: options).segments != first)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func aPrefixBecomesPartOfTheTranscript() async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    options.sequential = true
    options.prefix = "And so, my dear"
    let segments = try await transcriber.transcribe(
      .file(path: Fixtures.url("speech/jfk.flac").path), options: options
    ).segments
    #expect(segments.first?.text.hasPrefix("And so, my dear") == true)
    #expect(segments.first?.start == 0)
    #expect(segments.map(\.text).joined().hasSuffix("for your country."))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func silenceIsPassedOver() async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions()
    options.sequential = true
    options.fallback.noSpeechThreshold = 0
    options.fallback.logProbabilityThreshold = nil
    #expect(
      try await transcriber.transcribe(.file(path: Fixtures.url("speech/jfk.flac").path), options: options)
        .segments.isEmpty)
  }

  /// Not a step of greedy decoding allocates: not the rules of timestamps, not the choice, not the bookkeeping.
  @Test(.slow, .enabled(if: swiftlet_counts_allocations() == 1)) func greedyStepsAllocateNothing()
    async throws
  {
    let context = try ComputeContext(threads: 2)
    let engine = try TestModels.engines.load(
      try await TestModels.model(), precisions: EnginePrecisions(.int8), threads: 2
    ) { _ in }
    let network = try CPUNetwork(engine.model, context: context)
    let (decoder, audio) = (DecodingSteps(network, context: context), network.makeAudioMemory())
    let tokenizer = try Tokenizer.load(from: engine.folder, vocabularySize: 51_864)
    var options = TranscriptionOptions()
    options.decoding.beamSize = 1
    let settings = DecodingSettings(options, tokenizer: tokenizer)
    // Whatever the decoder makes of features that are all 0.
    let silence = Matrix(rows: 1_500, columns: network.dimensions.audioWidth)
    network.attend(to: silence, at: .exact(positions: 1_500), with: audio)
    let decoding = DecodingRun(
      settings: settings,
      prompt: DecodingPrompt(
        previous: [], start: try tokenizer.startSequence(language: nil, timestamps: true), given: [],
        specials: tokenizer.specials),
      sequences: SequenceLoan(SequencePool(network), over: audio), tokenizer: tokenizer,
      contextLength: 448)
    let decodings: [any SteppedDecoding] = [decoding]
    _ = decoder.step(decodings)
    var steps = 0
    context.pool.forEachThread { _ in swiftlet_count_allocations(1) }
    let before = swiftlet_allocation_count()
    while steps < 3, decoding.result == nil {
      _ = decoder.step(decodings)
      steps += 1
    }
    let after = swiftlet_allocation_count()
    context.pool.forEachThread { _ in swiftlet_count_allocations(0) }
    #expect(steps > 0 && after == before, "\(after - before) allocations in \(steps) steps")
  }
}
