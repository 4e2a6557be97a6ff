// Transcribing on a GPU: the CPU's searches and languages, what is refused, and a GPU that is lost while it works.

import CDevice
import EmulatedDevice
import Foundation
import SwiftletDevice
import SwiftletTestDevices
import SwiftletTestModels
import SwiftletTestSupport
import SwiftletWhisper
import Testing

@testable import Swiftlet
@testable import SwiftletText

@Suite(.enabled(if: TestTier.emulatesDevices)) struct DeviceServingTests {
  // MARK: Decoding

  /// Beams, which fork at almost every step, and samples.
  @Test func searchesAreThoseOfTheCPU() async throws {
    let results = try await [NetworkFixture(), NetworkFixture(on: .emulated())].asyncMap { fixture in
      let sequences = fixture.scheduler.pool.take(9, over: fixture.audio)
      func beginning(_ sequences: [TextSequence], _ prompt: [Int]) -> SearchBeginning {
        sequences[0].push(prompt)
        return SearchBeginning(
          sequences: sequences, promptLength: prompt.count, given: [],
          rules: LogitRules(suppressed: SuppressTokens(tokens: [0])), ranker: HypothesisRanker(),
          endOfText: 0, limit: 8, contextLength: fixture.dimensions.textContext)
      }
      let searches: [any TokenSearch] = [
        BeamSearch(beginning(Array(sequences[0..<5]), [1, 5, 9]), patience: 1),
        SamplingSearch(
          beginning(Array(sequences[5..<8]), [4]), temperature: 1, seed: 3,
          vocabularySize: fixture.dimensions.vocabularySize),
        SamplingSearch(
          beginning(Array(sequences[8...]), [60, 61, 3]), temperature: 0, seed: 0,
          vocabularySize: fixture.dimensions.vocabularySize),
      ]
      // All of them share steps.
      let steps = DecodingSteps(fixture.scheduler.network, context: fixture.scheduler.context)
      let running = searches.map { RunningSearch($0) }
      while running.contains(where: { !$0.sequences.isEmpty }) { #expect(steps.step(running).isEmpty) }
      return searches.map(\.best)
    }
    for (cpu, gpu) in zip(results[0], results[1]) {
      #expect(cpu.tokens == gpu.tokens && cpu.tokens.count == 8)
      #expect((cpu.sum - gpu.sum).magnitude < 1e-4)
    }
  }

  @Test func languagesAreThoseOfTheCPU() async throws {
    let specials = SpecialTokens(endOfText: 100, languageCount: 99)
    let results = try await [NetworkFixture(), NetworkFixture(on: .emulated())].asyncMap { fixture in
      let sequence = fixture.scheduler.pool.take(1, over: fixture.audio)[0]
      let detection = LanguageDetection(sequence: sequence, specials: specials)
      let steps = DecodingSteps(fixture.scheduler.network, context: fixture.scheduler.context)
      #expect(steps.step([detection]).isEmpty)
      return detection.ranking
    }
    #expect(results[0].count == 99 && results[0].map(\.language) == results[1].map(\.language))
    for (cpu, gpu) in zip(results[0], results[1]) {
      #expect((cpu.probability - gpu.probability).magnitude < 1e-5)
    }
  }

  /// Windows that wait at the same time are one pass; one that can't be encoded fails alone.
  @Test(arguments: [nil, 3]) func waitingWindowsAreEncodedTogether(_ bad: Int?) async throws {
    let gpu = try Device.emulated()
    let fixture = try NetworkFixture(on: gpu)
    let scheduler = fixture.scheduler
    func launches() -> Int64 { emulated_count(Int32(gpu.index)).launches }
    let first = launches()
    _ = try scheduler.network.randomAudio()
    let before = launches()
    let (begun, held) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    async let holding: Void = onThread {
      try scheduler.perform { _ in
        begun.signal()
        held.wait()
      }
    }
    try await onThread { begun.wait() }
    let count = 2 * fixture.dimensions.audioContext * fixture.dimensions.melBins
    let windows = (0..<5).map { index in
      Task {
        try await onThread {
          let window = EncoderInput(logMel: [Float](repeating: 0, count: index == bad ? 7 : count))
          let time = try scheduler.listen(
            to: window, into: scheduler.network.makeAudioMemory(), isLive: index == 4)
          return time.encoder
        }
      }
    }
    try await waitUntil { scheduler.waitingCount == 5 }
    held.signal()
    try await holding
    for (index, window) in windows.enumerated() {
      if index == bad {
        await #expect(throws: WhisperError.spectrogramSize(count: 7, expected: count)) {
          try await window.value
        }
      } else {
        #expect(try await window.value > 0)
      }
    }
    #expect(launches() - before == (bad == nil ? 1 : 4) * (before - first))
  }

  /// Real speech from its file to its words.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func aRecordingIsTranscribed() async throws {
    let model = try await TestModels.model()
    // Room for 16 sequences: all memory is filled when it is taken.
    let gpu = addEmulatedGPU { $0.memory = 1_200_000_000 }
    let precisions = EnginePrecisions(.fp32)
    let transcribers = try [ComputeDevice.cpu, .cuda(index: gpu)].map { device in
      try Transcriber(
        model: model, device: device, precisions: precisions, engineStore: TestModels.engines,
        driver: { try .emulated() })
    }
    var options = TranscriptionOptions()
    // As little as will do, for emulation takes its time: no search, no alignment, two words, few positions.
    options.sequential = true
    options.windows.timestamps = false
    options.windows.tail = .fold
    options.clipTimestamps = [0, 0.6]
    options.windows.tailMargin = 0.1
    options.windows.tailStep = 100
    let input = AudioInput.file(path: Fixtures.url("speech/LJ001-0002.wav").path)
    let texts = try await transcribers.asyncMap { try await $0.transcribe(input, options: options).text }
    #expect(texts[0] == texts[1] && texts[0].lowercased().contains("in be"))
    #expect(emulated_count(Int32(gpu)).launches > 0)
  }

  // MARK: Refusals

  private func refusal(
    _ device: ComputeDevice, _ driver: () throws -> Driver = { try .emulated() }
  ) -> SwiftletError? {
    #expect(throws: SwiftletError.self) {
      try Transcriber(
        model: Fixtures.url("whisper"), device: device, engineStore: EngineStore(folder: TestFolder().url),
        driver: driver)
    }
  }

  @Test func aMissingDriverIsRefused() {
    let error = refusal(.cuda()) { try Driver.system(library: "libswiftlet-no-such-driver.so.1") }
    #expect(error?.code == .unsupportedMachine)
    #expect(error?.message.hasPrefix("There is no NVIDIA driver: libcuda.so.1 can't be loaded") == true)
  }

  @Test func anOldDriverIsRefused() {
    let error = refusal(.cuda()) {
      var table = emulated_driver().pointee
      table.driver_version = { version in
        version.pointee = 11_080
        return 0
      }
      return try Driver(table)
    }
    #expect(error?.code == .unsupportedMachine)
    #expect(error?.message.hasPrefix("The NVIDIA driver is too old: it supports CUDA 11.8") == true)
  }

  @Test func aGPUThatIsNotThereIsRefused() {
    let error = refusal(.cuda(index: 1_000_000))
    #expect(error?.code == .invalidOptions)
    #expect(error?.message.hasPrefix("There is no GPU 1000000: the NVIDIA driver finds ") == true)
  }

  @Test func anOldGPUIsRefused() {
    let error = refusal(.cuda(index: addEmulatedGPU { ($0.major, $0.minor) = (7, 5) }))
    #expect(error?.code == .unsupportedMachine)
    #expect(error?.message.contains("its compute capability is 7.5") == true)
  }

  @Test func tooLittleMemoryIsRefused() {
    let error = refusal(.cuda(index: addEmulatedGPU { $0.memory = 4_000_000 }))
    #expect(error?.code == .unsupportedMachine)
    #expect(error?.message.contains(" has not enough memory for the model and 16 sequences: ") == true)
    #expect(error?.message.hasSuffix(" of 4.0 MB are free.") == true)
  }

  /// The driver is not even looked for.
  @Test(arguments: [ComputeDevice.automatic, .cpu]) func theCPUNeedsNoDriver(_ device: ComputeDevice) throws {
    struct Opened: Error {}
    #expect(try device.open { throw Opened() } == nil)
    #expect(EnginePrecisions.standard(on: device) == .standard)
    #expect(EnginePrecisions.standard(on: .cuda()) == EnginePrecisions(.bf16))
  }

  // MARK: A GPU that is lost

  @Test func aLostGPUFailsItsRequestsAlone() async throws {
    let gpu = try Device.emulated()
    let (broken, other) = (try NetworkFixture(on: gpu), try NetworkFixture(on: .emulated()))
    let expected = try await other.run(other.decoding([1, 5, 9], count: 3))
    var steps = 0
    let decoding = broken.decoding([1, 5, 9], count: 12) {
      steps += 1
      if steps == 2 {
        emulated_fail(Int32(gpu.index), "cuStreamSynchronize", 1, Int32(swiftlet_illegal_address))
      }
    }
    let error = try #require(
      await #expect(throws: WhisperError.self) { try await broken.run(decoding) })
    let sentence = "\(gpu.name) failed and can't be used any more by this process: an illegal memory access"
    #expect(error.description.hasPrefix(sentence))
    #expect(steps == 2)
    let told = publicError(error) as? SwiftletError
    #expect(told?.code == .deviceFailed && told?.message == error.description)
    // Whoever comes later is told the same, and others go on.
    await #expect(throws: error) { try await broken.run(broken.decoding([4], count: 2)) }
    #expect(throws: error) { try broken.scheduler.network.randomAudio() }
    #expect(try await other.run(other.decoding([1, 5, 9], count: 3)) == expected)
  }

  @Test func devicesHaveNames() throws {
    for (name, device) in [
      ("auto", ComputeDevice.automatic), ("cpu", .cpu), ("cuda", .cuda()), ("cuda:3", .cuda(index: 3)),
    ] {
      #expect(ComputeDevice(name) == device && device.description == name)
      let coded = try JSONEncoder().encode([device])
      #expect(String(decoding: coded, as: UTF8.self) == "[\"\(name)\"]")
      #expect(try JSONDecoder().decode([ComputeDevice].self, from: coded) == [device])
    }
    #expect(ComputeDevice("cuda:0") == .cuda())
    for name in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda1", "CPU"] {
      #expect(ComputeDevice(name) == nil)
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode([ComputeDevice].self, from: Data("[\"\(name)\"]".utf8))
      }
    }
  }

  @Test func gpusAreListed() throws {
    let (good, old) = (addEmulatedGPU { $0.memory = 1 << 24 }, addEmulatedGPU { $0.major = 6 })
    let found = try GraphicsProcessor.all { try .emulated() }
    #expect(found.cuda == "12.0" && found.processors.count > max(good, old))
    let processor = try found.processors[good].get()
    #expect(processor.computeCapability == "8.0" && processor.memory == 1 << 24)
    #expect(try processor.freeMemory == 1 << 24)
    let error = #expect(throws: SwiftletError.self) { try found.processors[old].get() }
    #expect(error?.code == .unsupportedMachine)
    let none = #expect(throws: SwiftletError.self) {
      try GraphicsProcessor.all { try Driver.system(library: "libswiftlet-no-such-driver.so.1") }
    }
    #expect(none?.code == .unsupportedMachine)
  }
}

extension Sequence {
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result]
  {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
