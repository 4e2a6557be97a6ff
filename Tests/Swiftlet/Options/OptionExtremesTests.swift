// Extreme numbers in every option: refused or obeyed, never a trap.

import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import SwiftletWhisper
import Testing

@testable import Swiftlet

@Suite struct OptionExtremesTests {
  private static let doubles = [
    0, -0.0, 1e-30, -1e-30, 0.001, 0.5, 1, 2.4, 10, 30, 864_000, 1e9, 1e19, 1e300, -1, -1e300,
    .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
  ]
  private static let integers = [Int.min, -2, -1, 0, 1, 2, 16, 17, 64, 1_000, 1 << 40, Int.max - 1, Int.max]

  private typealias Options = TranscriptionOptions
  private let doubleOptions: [WritableKeyPath<Options, Double>] = [
    \.decoding.patience, \.decoding.repetitionPenalty, \.windows.tailMargin, \.voiceActivity.chunkLength,
  ]
  private let optionalDoubles: [WritableKeyPath<Options, Double?>] = [
    \.windows.maxInitialTimestamp, \.words.hallucinationSilenceThreshold, \.decoding.lengthPenalty,
    \.fallback.compressionRatioThreshold,
    \.fallback.logProbabilityThreshold, \.fallback.noSpeechThreshold,
  ]
  private let doubleLists: [WritableKeyPath<Options, [Double]>] = [
    \.fallback.temperatures, \.clipTimestamps,
  ]
  private let integerOptions: [WritableKeyPath<Options, Int>] = [
    \.decoding.bestOf, \.decoding.noRepeatNgramSize, \.voiceActivity.batchSize, \.windows.tailStep,
  ]

  private let tokenizer: Tokenizer

  init() throws { tokenizer = try Tokenizer.bundled(vocabularySize: 51_864) }

  /// Checks options, and does with what passes what a transcription does before the network.
  ///
  /// - Returns: whether they passed.
  private func passes(_ options: TranscriptionOptions) throws -> Bool {
    do {
      try options.check(tokenizer: tokenizer, contextLength: 448)
    } catch {
      return false
    }
    _ = DecodingSettings(options, tokenizer: tokenizer)
    #expect((1...16).contains(options.firstHypotheses))
    var pass = SequentialPass(options, tokenizer: tokenizer, contextLength: 448)
    if let stretch = pass.next() {
      #expect(stretch.frame >= 0 && stretch.limit > 0)
      let source = LogMelSource(
        decoder: RecordedSamples([Float](repeating: 0.1, count: 16_000)[...]), bins: 80,
        padding: options.windows.padding.windowPadding)
      if let window = try source.window(at: stretch.frame, limit: stretch.limit) {
        _ = TailFolding.positions(of: window, count: 1_500, options: options)
      }
    }
    _ = SpeechFrames.of([SpeechRange(startSample: 0, endSample: 16_000)], within: options.clipFrames)
    return true
  }

  @Test(.slow) func everyNumberOfATranscriptionIsRefusedOrObeyed() throws {
    var passed = 0
    func attempt(_ change: (inout TranscriptionOptions) -> Void) throws {
      for timestamps in [true, false] {
        var options = TranscriptionOptions()
        options.windows.timestamps = timestamps
        change(&options)
        passed += try passes(options) ? 1 : 0
      }
    }
    for value in Self.doubles {
      for path in doubleOptions { try attempt { $0[keyPath: path] = value } }
      for path in optionalDoubles {
        try attempt {
          $0.words.timestamps = true
          $0[keyPath: path] = value
        }
      }
      for path in doubleLists {
        try attempt { $0[keyPath: path] = [value] }
        for other in Self.doubles { try attempt { $0[keyPath: path] = [value, other] } }
      }
    }
    for value in Self.integers {
      for path in integerOptions { try attempt { $0[keyPath: path] = value } }
      try attempt { $0.decoding.beamSize = value }
      try attempt { $0.decoding.suppressTokens = [value] }
      try attempt { $0.decoding.seed = UInt64(bitPattern: Int64(value)) }
    }
    #expect(passed > 100)
  }

  @Test(.slow, arguments: 0..<20 as Range<UInt64>)
  func soAreAllTogether(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func double() -> Double { Self.doubles.randomElement(using: &generator) ?? 0 }
    for _ in 0..<50 {
      var options = TranscriptionOptions()
      for path in doubleOptions where Bool.random(using: &generator) { options[keyPath: path] = double() }
      for path in optionalDoubles where Bool.random(using: &generator) {
        options[keyPath: path] = double()
      }
      for path in doubleLists where Bool.random(using: &generator) {
        options[keyPath: path] = (0..<Int.random(in: 0..<4, using: &generator)).map { _ in double() }
      }
      for path in integerOptions where Bool.random(using: &generator) {
        options[keyPath: path] = Self.integers.randomElement(using: &generator) ?? 0
      }
      if Bool.random(using: &generator) {
        options.decoding.beamSize = Self.integers.randomElement(using: &generator)
      }
      _ = try passes(options)
      _ = try? options.checkStreaming()
    }
  }

  @Test func temperaturesAreAShortListOrRefused() throws {
    var lists = 0
    for first in Self.doubles {
      for increment in Self.doubles.map(Optional.some) + [nil] {
        guard let list = try? TranscriptionOptions.Fallback.temperatures(from: first, increment: increment)
        else {
          continue
        }
        lists += 1
        #expect((1...101).contains(list.count) && list[0] == first && list.allSatisfy { $0 >= 0 && $0 <= 10 })
        #expect(zip(list, list.dropFirst()).allSatisfy { $0 < $1 && $1 < 1.001 })
        var options = TranscriptionOptions()
        options.fallback.temperatures = list
        #expect(try passes(options))
      }
    }
    #expect(lists > 20)
    #expect(try TranscriptionOptions.Fallback.temperatures(from: 0, increment: 0.2).count == 6)
    #expect(try TranscriptionOptions.Fallback.temperatures(from: 0.4, increment: nil) == [0.4])
    #expect(try TranscriptionOptions.Fallback.temperatures(from: 0.4, increment: 0) == [0.4])
    let wrong: [(Double, Double)] = [
      (0, 1e-30), (0, -0.2), (0, .nan), (-.infinity, 0.2), (.nan, 0.2), (11, 0.2),
    ]
    for (first, increment) in wrong {
      #expect(throws: SwiftletError.self) {
        try TranscriptionOptions.Fallback.temperatures(from: first, increment: increment)
      }
    }
  }

  @Test func everyNumberOfVoiceActivityIsRefusedOrObeyed() throws {
    let probabilities = (0..<200).map { Float($0 / 20 % 2) }
    let paths: [WritableKeyPath<VoiceActivityOptions, Double>] = [
      \.threshold, \.minimumSpeech, \.minimumSilence, \.minimumSilenceAtCut, \.padding,
    ]
    let optionals: [WritableKeyPath<VoiceActivityOptions, Double?>] = [
      \.exitThreshold, \.maximumSpeech,
    ]
    var passed = 0
    func attempt(_ change: (inout VoiceActivityOptions) -> Void) {
      var options = VoiceActivityOptions()
      change(&options)
      for count in [0, 200 * 512, Int.max / 2, -1, Int.min] {
        let activity = VoiceActivity(probabilities: probabilities, sampleCount: count)
        if (try? activity.speech(options)) != nil { passed += 1 }
      }
    }
    for value in Self.doubles {
      for path in paths { attempt { $0[keyPath: path] = value } }
      for path in optionals { attempt { $0[keyPath: path] = value } }
      for other in Self.doubles {
        attempt {
          $0.padding = value
          $0.maximumSpeech = other
        }
      }
    }
    #expect(passed > 50)
  }

  @Test func everyNumberOfAStreamIsRefusedOrObeyed() {
    var passed = 0
    for step in Self.doubles {
      for limit in Self.doubles {
        var options = StreamingOptions()
        (options.step, options.bufferLimit) = (step, limit)
        if (try? options.checkFields()) != nil {
          passed += 1
          #expect((0.1...10).contains(step) && (5...25).contains(limit))
        }
      }
    }
    #expect(passed > 0)
  }

  @Test func everyNumberOfSubtitlesIsRefusedOrObeyed() throws {
    let words = (0..<9).map {
      Word(text: " word", start: Double($0), end: Double($0) + 0.5, probability: 1)
    }
    var segment = Segment(
      start: 0, end: 9, text: words.map(\.text).joined(), tokens: [], language: "en")
    segment.words = words
    var written = 0
    for limit in Self.integers {
      for other in Self.integers.map(Optional.some) + [nil] {
        for (width, count, most) in [(limit, other, nil), (other, nil, limit), (nil, limit, other)] {
          let subtitles = SubtitleOptions(maxLineWidth: width, maxLineCount: count, maxWordsPerLine: most)
          guard (try? subtitles.check()) != nil else { continue }
          var writer = TranscriptWriter(.srt, subtitles: subtitles)
          let text = writer.add(segment) + (try writer.finish(duration: 9, timings: nil))
          #expect(text.contains("word"))
          written += 1
        }
      }
    }
    #expect(written > 50)
  }

  @Test func aStreamRefusesWhatItCannotDo() throws {
    try TranscriptionOptions().checkStreaming()
    let changes: [(inout TranscriptionOptions) -> Void] = [
      { $0.sequential = true }, { $0.voiceActivity.filter = true }, { $0.clipTimestamps = [1] },
      { $0.prefix = "So" },
      { $0.words.hallucinationSilenceThreshold = 2 }, { $0.detectLanguagePerWindow = true },
      { $0.windows.padding = .zeros },
    ]
    for change in changes {
      var options = TranscriptionOptions()
      change(&options)
      #expect(throws: SwiftletError.self) { try options.checkStreaming() }
    }
  }

  @Test func whatNoModelCanDoIsRefusedWithoutOne() throws {
    try TranscriptionOptions(language: "fr", task: .translate).check()
    let changes: [(inout TranscriptionOptions) -> Void] = [
      { $0.windows.tailStep = 0 }, { $0.voiceActivity.filter = true }, { $0.clipTimestamps = [2, 1] },
      { $0.voiceActivity.rules = VoiceActivityOptions(threshold: 2) }, { $0.carryInitialPrompt = true },
    ]
    for change in changes {
      var options = TranscriptionOptions()
      change(&options)
      #expect(throws: SwiftletError.self) { try options.check() }
    }
  }

  @Test(.slow) func aStreamIsCheckedBeforeItsSound() async throws {
    let transcriber = try await TestModels.transcriber()
    var options = TranscriptionOptions(language: "auto")
    options.windows.conditionOnPreviousText = true
    try transcriber.check(options, for: StreamingOptions())
    var streaming = StreamingOptions()
    streaming.step = 0
    #expect(throws: SwiftletError.self) { try transcriber.check(options, for: streaming) }
    options.sequential = true
    #expect(throws: SwiftletError.self) { try transcriber.check(options, for: StreamingOptions()) }
    options = TranscriptionOptions(language: "fr")
    #expect(throws: SwiftletError.self) { try transcriber.check(options, for: StreamingOptions()) }
  }

  /// What is just allowed goes through the network, too.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func theLimitsCanBeTranscribed() async throws {
    let model = try await TestModels.model()
    for threads in [Int.min, -1, 0, 257, Int.max] {
      #expect(throws: SwiftletError.self) {
        try Transcriber(model: model, threads: threads, engineStore: TestModels.engines)
      }
    }
    for concurrency in [Int.min, -1, 0, 65, .max] {
      #expect(throws: SwiftletError.self) {
        try Transcriber(model: model, concurrency: concurrency, engineStore: TestModels.engines)
      }
    }
    let transcriber = try await TestModels.ownTranscriber(concurrency: 64)
    let changes: [(inout TranscriptionOptions) -> Void] = [
      { $0.fallback.temperatures = [0.001] }, { $0.fallback.temperatures = [10] },
      { $0.decoding.repetitionPenalty = 0.01 },
      { $0.decoding.repetitionPenalty = 100 }, { $0.decoding.noRepeatNgramSize = .max },
      { $0.decoding.seed = .max },
      { $0.clipTimestamps = [999_999_999] }, { $0.clipTimestamps = [0, 0, 5, 999_999_999] },
      {
        ($0.sequential, $0.windows.timestamps, $0.windows.tailMargin, $0.windows.tailStep) = (
          true, false, 0, 1_000
        )
      },
      { ($0.voiceActivity.batchSize, $0.decoding.seed) = (64, .max) },
      { ($0.decoding.beamSize, $0.decoding.patience, $0.fallback.temperatures) = (16, 100, [0]) },
      { ($0.sequential, $0.voiceActivity.filter, $0.clipTimestamps) = (true, true, [999_999_999]) },
    ]
    for change in changes {
      var options = TranscriptionOptions()
      options.fallback.temperatures = [0]
      change(&options)
      _ = try await transcriber.transcribe(
        .file(path: Fixtures.url("speech/jfk.flac").path), options: options
      ).segments
    }
  }
}
