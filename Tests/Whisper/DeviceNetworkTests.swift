// What only the network on a GPU has: passes of several windows, graphs, slots, memory that is taken at the start, a GPU that fails.

import CDevice
import EmulatedDevice
import Foundation
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletDevice
import SwiftletTestDevices
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletWhisper

@Suite(.slow, .enabled(if: TestTier.emulatesDevices)) struct DeviceNetworkTests {
  private let tokens = [1, 5, 9, 17, 200, 3]

  private func network(
    _ precision: Precision, sequences: Int? = nil, graphs: Bool = true, on device: Device? = nil
  ) throws -> DeviceNetwork {
    try DeviceNetwork(
      EngineFixture.model(precision), on: device ?? .emulated(), sequences: sequences, graphs: graphs)
  }

  /// Windows of other sounds, every other one of them folded.
  private func windows(_ count: Int) throws -> [EncoderInput] {
    let mel = try Reference().input("mel")
    return (0..<count).map { index in
      let loudness = 1 - 0.1 * Float(index)
      let folded = EncoderPositions.folded(positions: 50, sound: 10 + index, margin: 2, step: 3 + index)
      return EncoderInput(logMel: mel.map { $0 * loudness }, positions: index % 2 == 0 ? nil : folded)
    }
  }

  /// The logits of the last of `tokens` over each of the memories.
  private func logits(_ network: any Network, _ memories: [AudioMemory]) throws -> [[Float]] {
    try memories.map { memory in
      let sequence = network.makeSequence(over: memory)
      sequence.push(tokens)
      try network.step([sequence])
      return try network.computeLogits(ofRows: tokens.indices.suffix(4)).values(rows: 4)
    }
  }

  // MARK: Bits

  @Test(arguments: [Precision.fp32, .fp16, .bf16])
  func eightWindowsTogetherAreWhatTheyAreAlone(_ precision: Precision) throws {
    let network = try network(precision)
    let windows = try windows(8)
    let together = windows.map { _ in network.makeAudioMemory() }
    try network.listen(to: windows, into: together)
    // Whole and folded ones, the first and the last.
    let compared = [0, 1, 6, 7]
    let expected = try logits(network, compared.map { together[$0] })
    #expect(Set(expected).count == compared.count)
    for (index, expected) in zip(compared, expected) {
      let alone = network.makeAudioMemory()
      try network.listen(to: [windows[index]], into: [alone])
      #expect(try logits(network, [alone]) == [expected], "window \(index)")
    }
  }

  /// More windows than one pass takes.
  @Test func windowsThatNeedSeveralPasses() throws {
    let windows = try windows(5)
    let results = try [2, 5].map { most in
      let network = try network(.bf16, sequences: most)
      let memories = windows.map { _ in network.makeAudioMemory() }
      try network.listen(to: windows, into: memories)
      return try logits(network, memories)
    }
    #expect(results[0] == results[1])
  }

  @Test(arguments: [Precision.fp32, .fp16, .bf16, .int8])
  func graphsChangeNoBit(_ precision: Precision) throws {
    let results = try [true, false].map { graphs in
      let network = try network(precision, graphs: graphs)
      let audio = network.makeAudioMemory()
      try network.listen(to: windows(1), into: [audio])
      let sequences = (0..<5).map { _ in network.makeSequence(over: audio) }
      var results: [[Float]] = []
      for count in [1, 3, 5, 2] {
        for (index, sequence) in sequences.prefix(count).enumerated() {
          sequence.push(Array(tokens.prefix(index + 1)))
        }
        try network.step(Array(sequences.prefix(count)))
        let rows = [count - 1, 0, count * (count + 1) / 2 - 1]
        results.append(try network.computeLogits(ofRows: rows).values(rows: 3))
      }
      return results
    }
    #expect(results[0] == results[1])
  }

  /// A prompt of more rows than any graph has, of a model with more positions than the fixture.
  @Test func aLongPromptIsOneStep() throws {
    let model = try Self.longModel(positions: 90)
    let text = (0..<80).map { (37 * $0 + 5) % 211 }
    let networks: [any Network] = [
      try CPUNetwork(model, context: ComputeContext(threads: 2)), try DeviceNetwork(model, on: .emulated()),
    ]
    let results = try networks.map { network in
      let audio = network.makeAudioMemory()
      try network.listen(to: windows(1), into: [audio])
      let (whole, pieces) = (network.makeSequence(over: audio), network.makeSequence(over: audio))
      whole.push(text)
      try network.step([whole])
      var rows: [Float] = []
      for first in stride(from: 0, to: text.count, by: 20) {
        rows += try network.computeLogits(ofRows: Array(first..<first + 20)).values(rows: 20)
      }
      for piece in [0..<70, 70..<80] {
        pieces.push(Array(text[piece]))
        try network.step([pieces])
      }
      let last = try network.computeLogits(ofRows: Array(0..<10)).values(rows: 10)
      #expect(rows.suffix(last.count) == ArraySlice(last))
      return rows
    }
    let largest = results[0].map(\.magnitude).max() ?? 0
    let difference = zip(results[0], results[1]).map { ($0 - $1).magnitude }.max() ?? .infinity
    #expect(difference < 2e-5 * largest, "\(difference) of \(largest)")
  }

  /// The fixture with a decoder of `positions` positions.
  private static func longModel(positions: Int) throws -> WhisperModel {
    let temporary = TestFolder()
    let fixture = try SafetensorsFile(Fixtures.url("whisper/model.safetensors"))
    var generator = SeededGenerator(seed: 9)
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    for entry in fixture.entries {
      var (shape, values) = (entry.shape, try fixture.floats(of: entry.name))
      if entry.name == "model.decoder.embed_positions.weight" {
        shape[0] = positions
        while values.count < positions * shape[1] {
          values.append(Float.random(in: -1...1, using: &generator))
        }
      }
      writer.add(entry.name, shape: shape, floats: values)
    }
    try writer.write(to: temporary.url.appending(path: "model.safetensors"))
    let config = try String(contentsOf: Fixtures.url("whisper/config.json"), encoding: .utf8)
    try config.replacing("\"max_target_positions\": 24", with: "\"max_target_positions\": \(positions)")
      .write(to: temporary.url.appending(path: "config.json"), atomically: true, encoding: .utf8)
    let engine = temporary.url.appending(path: "engine")
    try EngineBuilder(
      checkpoint: try openCheckpoint(at: temporary.url), model: "long", encoderPrecision: .fp32,
      decoderPrecision: .fp32, context: try ComputeContext(threads: 2)
    ).build(into: engine)
    return try WhisperModel(engine: engine)
  }

  /// One launch a step, whatever it has to do.
  @Test func aStepIsOneGraph() throws {
    let device = try Device.emulated()
    let network = try network(.bf16, on: device)
    let audio = network.makeAudioMemory()
    try network.listen(to: windows(1), into: [audio])
    let sequences = (0..<4).map { _ in network.makeSequence(over: audio) }
    let before = emulated_count(Int32(device.index))
    for step in 0..<3 {
      for sequence in sequences { sequence.push(step) }
      try network.step(sequences)
      _ = try network.computeLogits(ofRows: [0, 1, 2, 3])
    }
    let after = emulated_count(Int32(device.index))
    #expect(after.launches == before.launches)
    #expect(after.synchronizations == before.synchronizations + 3)
  }

  // MARK: Slots

  /// Each of many sequences over windows of their own, in turn, with room for two: the others wait in the host's memory.
  @Test func moreSequencesThanSlots() throws {
    let results = try [2, 16].map { slots in
      let network = try network(.bf16, sequences: slots)
      let windows = try windows(4)
      let memories = windows.map { _ in network.makeAudioMemory() }
      try network.listen(to: windows, into: memories)
      let sequences = memories.map { network.makeSequence(over: $0) }
      var results: [[Float]] = []
      for (step, token) in tokens.prefix(4).enumerated() {
        for (index, sequence) in sequences.enumerated() {
          if step == 2, index == 2 {
            // One takes over what another has, and neither is in a slot.
            sequence.take(over: sequences[3], shared: 1)
          }
          sequence.push(token + index)
          try network.step([sequence])
          results.append(try network.computeLogits(ofRows: [0]).values(rows: 1))
        }
      }
      return results
    }
    #expect(results[0] == results[1] && Set(results[0]).count == results[0].count)
  }

  /// Forks of forks between two steps, each as if it had been made at once.
  @Test(arguments: [(slots: 16, Precision.fp32), (slots: 4, .bf16)])
  func forksHappenInOrder(_ slots: Int, _ precision: Precision) throws {
    let network = try network(precision, sequences: slots)
    let audio = network.makeAudioMemory()
    try network.listen(to: windows(1), into: [audio])
    let texts = [[1, 5, 9, 17], [1, 5, 60, 61], [1, 7, 8, 100]]
    let sequences = texts.map { text in
      let sequence = network.makeSequence(over: audio)
      sequence.push(text)
      return sequence
    }
    try network.step(sequences)
    let spare = network.makeSequence(over: audio)
    spare.take(over: sequences[0], shared: 0)
    sequences[0].take(over: sequences[1], shared: 2)
    sequences[1].take(over: sequences[2], shared: 1)
    sequences[2].take(over: spare, shared: 1)
    // One that is gone before the copy is made, and one that starts anew.
    var gone: TextSequence? = network.makeSequence(over: audio)
    gone?.take(over: sequences[0], shared: 0)
    let heir = network.makeSequence(over: audio)
    if let gone { heir.take(over: gone, shared: 0) }
    gone = nil
    spare.restart(over: audio)
    func consume(_ sequence: TextSequence) throws -> [Float] {
      sequence.push([30, 31])
      try network.step([sequence])
      return try network.computeLogits(ofRows: [0, 1]).values(rows: 2)
    }
    let expected = try texts.map { text in
      let sequence = network.makeSequence(over: audio)
      sequence.push(text)
      try network.step([sequence])
      return try consume(sequence)
    }
    #expect(try consume(sequences[0]) == expected[1])
    #expect(try consume(sequences[1]) == expected[2])
    #expect(try consume(sequences[2]) == expected[0])
    #expect(try consume(heir) == expected[1])
    spare.push(texts[0])
    try network.step([spare])
    #expect(try consume(spare) == expected[0])
  }

  // MARK: Memory

  @Test(arguments: [Precision.fp32, .bf16]) func memoryIsTakenAtTheStart(_ precision: Precision) throws {
    let device = try Device.emulated()
    let network = try network(precision, on: device)
    #expect(network.maximumSequences == 64)
    let before = emulated_count(Int32(device.index))
    let memories = (0..<8).map { _ in network.makeAudioMemory() }
    try network.listen(to: windows(8), into: memories)
    _ = try logits(network, memories)
    let after = emulated_count(Int32(device.index))
    #expect(after.allocations == before.allocations && after.bytes == before.bytes)
    #expect(after.host_allocations == before.host_allocations && after.modules == before.modules)
  }

  @Test func fewerSequencesWhereMemoryIsShort() throws {
    var most: [Int] = []
    for memory in [14 << 20, 20 << 20, 32 << 20] {
      let network = try network(.fp32, on: .emulated { $0.memory = memory })
      most.append(network.maximumSequences)
    }
    #expect(most == [16, 32, 64])
  }

  @Test func tooLittleMemoryIsRefusedWithSizes() throws {
    let device = try Device.emulated { $0.memory = 3_000_000 }
    let error = #expect(throws: DeviceError.self) { try network(.fp32, on: device) }
    let sentence = error?.description ?? ""
    #expect(sentence.hasPrefix("\(device.name) has not enough memory for the model and 16 sequences: "))
    #expect(sentence.hasSuffix(" are needed, and 2.9 MB of 3.0 MB are free."))
    #expect(emulated_count(Int32(device.index)).allocations == 0)
  }

  @Test func everythingIsGivenBack() throws {
    let index: Int32
    do {
      let device = try Device.emulated()
      index = Int32(device.index)
      let network = try network(.bf16, sequences: 2, on: device)
      let memories = (0..<3).map { _ in network.makeAudioMemory() }
      try network.listen(to: windows(3), into: memories)
      _ = try logits(network, memories)
      let sequence = network.makeSequence(over: memories[0])
      sequence.push(tokens)
      _ = try network.crossAttention(of: [.init(layer: 1, head: 0)], positions: 50, consuming: sequence)
      // A fork that is never made.
      network.makeSequence(over: memories[0]).take(over: sequence, shared: 0)
    }
    let counts = emulated_count(index)
    #expect(counts.allocations == 0 && counts.bytes == 0 && counts.host_allocations == 0)
    #expect(counts.streams == 0 && counts.events == 0 && counts.graphs == 0)
    #expect(counts.modules == 0 && counts.contexts == 0)
  }

  /// Whatever fails while a network is made, and whenever: an error, and nothing is left.
  @Test(arguments: [
    "cuMemAlloc_v2", "cuMemHostAlloc", "cuModuleLoadDataEx", "cuStreamBeginCapture_v2", "cuLaunchKernelEx",
    "cuGraphInstantiateWithFlags", "cuStreamSynchronize", "cuMemcpyHtoDAsync_v2", "cuEventCreate",
  ])
  func failuresAtTheStartBecomeErrors(_ function: String) throws {
    for nth in [Int32(1), 3] {
      let index: Int32
      do {
        let device = try Device.emulated()
        index = Int32(device.index)
        emulated_fail(index, function, nth, function == "cuMemAlloc_v2" ? 2 : 1)
        if function == "cuStreamSynchronize", nth == 3 { continue }
        let error = #expect(throws: DeviceError.self) { try network(.bf16, on: device) }
        #expect(error.map { "\($0)".isEmpty } == false)
      }
      let counts = emulated_count(index)
      #expect(counts.allocations == 0 && counts.host_allocations == 0 && counts.graphs == 0)
    }
  }

  // MARK: Failures

  @Test func aLostGPUFailsEveryRequestWithASentence() throws {
    let device = try Device.emulated()
    let network = try network(.bf16, on: device)
    let audio = network.makeAudioMemory()
    try network.listen(to: windows(1), into: [audio])
    let sequence = network.makeSequence(over: audio)
    sequence.push(tokens)
    emulated_fail(Int32(device.index), "cuStreamSynchronize", 1, Int32(swiftlet_illegal_address))
    try network.step([sequence])
    let lost = WhisperError.device(
      .lost(
        device: device.name,
        reason: "an illegal memory access was encountered (CUDA_ERROR_ILLEGAL_ADDRESS)"))
    #expect(throws: lost) { try network.computeLogits(ofRows: [0]) }
    let other = network.makeSequence(over: network.makeAudioMemory())
    other.push([1])
    #expect(throws: lost) { try network.step([other]) }
    #expect(throws: lost) { try network.listen(to: windows(1), into: [network.makeAudioMemory()]) }
    #expect(throws: lost) { try network.crossAttention(of: [], positions: 5, consuming: other) }
    // What was refused has changed nothing.
    #expect(other.position == 0)
    #expect(lost.description.hasPrefix("\(device.name) failed and can't be used any more by this process"))
  }

  /// A call that fails once is the failure of its step alone.
  @Test(arguments: ["cuGraphLaunch", "cuStreamSynchronize", "cuMemcpyDtoHAsync_v2", "cuMemcpyHtoDAsync_v2"])
  func aFailedCallIsForgotten(_ function: String) throws {
    let device = try Device.emulated()
    let network = try network(.bf16, on: device)
    let audio = network.makeAudioMemory()
    try network.listen(to: windows(1), into: [audio])
    let expected = try logits(network, [audio])
    emulated_fail(Int32(device.index), function, 1, Int32(swiftlet_invalid_value))
    let error = #expect(throws: WhisperError.self) {
      try network.listen(to: windows(1), into: [audio])
      _ = try logits(network, [audio])
    }
    #expect(error?.description.contains("invalid argument") == true)
    try network.listen(to: windows(1), into: [audio])
    #expect(try logits(network, [audio]) == expected)
  }
}
