// Live sound: samples, turns, messages.

#if Server
import Foundation
import NIOCore
import Swiftlet
import SwiftletTestSupport
import Testing

@testable import SwiftletServer

@Suite struct LiveTests {
  @Test func samplesMayBeSpreadOverPieces() {
    let numbers: [Int16] = [0, 1, -1, .max, .min, 12_345]
    let bytes = numbers.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    let floats: [Float] = [0, 0.5, -1, 1e-9]
    let floatBytes = floats.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    for size in 1...12 {
      var integers = SampleReader(.s16le)
      var singles = SampleReader(.f32le)
      func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
      }
      #expect(pieces(bytes).flatMap { integers.samples(in: $0) } == numbers.map { Float($0) / 32_768 })
      #expect(pieces(floatBytes).flatMap { singles.samples(in: $0) } == floats)
    }
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func turnsAreWhereSomebodySpeaks() async throws {
    let speech = try await AudioInput.file(Fixtures.url("speech/jfk.flac")).decoded().reduce(into: [Float]())
    { $0 += $1[0] }
    let sound = [Float](repeating: 0, count: 32_000) + speech + [Float](repeating: 0, count: 32_000)
    var all: [[TurnDetector.Event]] = []
    for size in [160, 4_800, sound.count] {
      var turns = TurnDetector(try VoiceActivityDetector(), rules: TurnDetector.Rules())
      all.append(
        stride(from: 0, to: sound.count, by: size).flatMap {
          turns.add(Array(sound[$0..<min($0 + size, sound.count)]))
        })
    }
    #expect(all[0] == all[1] && all[1] == all[2], "whatever the pieces are")
    let events = all[0]
    #expect(events.count >= 2 && events.count % 2 == 0)
    for (index, event) in events.enumerated() {
      switch event {
      case .began(let sample):
        #expect(index % 2 == 0)
        if index == 0 { #expect((20_000...40_000).contains(sample), "JFK begins after a moment") }
      case .ended(let sample):
        #expect(index % 2 == 1)
        if index == events.count - 1 { #expect((200_000...sound.count).contains(sample)) }
      }
    }
    var silent = TurnDetector(try VoiceActivityDetector(), rules: TurnDetector.Rules())
    #expect(silent.add([Float](repeating: 0, count: 160_000)).isEmpty)
    #expect(silent.earliest > 140_000, "silence need not be kept")
  }

  /// Positions count from the beginning of the sound, not from where the detector begins to listen.
  @Test(.enabled(if: Fixtures.readsMedia)) func positionsAreThoseOfTheSound() async throws {
    let speech = try await AudioInput.file(Fixtures.url("speech/jfk.flac")).decoded().reduce(into: [Float]())
    {
      $0 += $1[0]
    }
    let rules = TurnDetector.Rules()
    var turns = TurnDetector(try VoiceActivityDetector(), rules: rules)
    var later = TurnDetector(try VoiceActivityDetector(), rules: rules, from: 160_000)
    let expected = turns.add(speech).map { event -> TurnDetector.Event in
      switch event {
      case .began(let sample): .began(sample + 160_000)
      case .ended(let sample): .ended(sample + 160_000)
      }
    }
    let found = later.add(speech)
    // Padding reaches back before what was heard.
    #expect(found.count == expected.count && found.dropFirst() == expected.dropFirst())
    #expect(later.earliest >= 160_000 - 4_800)
  }

  @Test func sessionsAreReadInBothShapes() throws {
    func session(_ json: String) throws -> ClientEvent.Session {
      try #require(try JSONDecoder().decode(ClientEvent.self, from: Data(json.utf8)).session)
    }
    let nested = try session(
      #"""
      {"type": "session.update", "session": {"type": "transcription", "audio": {"input": {
        "format": {"type": "audio/pcm", "rate": 16000}, "transcription": {"model": "whisper-1", "language": "fr"},
        "turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}}}}
      """#)
    #expect(
      nested.inputAudioFormat == "pcm16" && nested.rate == 16_000 && nested.transcription?.language == "fr")
    #expect(
      nested.turnDetection?.rules?.silenceDuration == 200 && nested.turnDetection?.rules?.threshold == 0.5)
    let flat = try session(
      #"""
      {"type": "transcription_session.update", "session": {"input_audio_format": "pcm16", "turn_detection": null,
        "input_audio_transcription": {"model": "tiny.en", "prompt": "Hi"}}}
      """#)
    #expect(
      flat.transcription?.prompt == "Hi" && flat.turnDetection != nil && flat.turnDetection?.rules == nil)
    #expect(try session(#"{"type": "session.update", "session": {}}"#).turnDetection == nil)
  }

  @Test func wyomingMessagesMayComeInAnyPieces() throws {
    var chunk = WyomingEvent("audio-chunk", ["rate": 16_000])
    chunk.payload = Array(0...255)
    let sent = [
      WyomingEvent("describe"), chunk, WyomingEvent("transcribe", ["language": "en", "name": "naïve"]),
    ]
    let bytes = sent.flatMap { Array($0.bytes.readableBytesView) }
    for size in [1, 7, 100, bytes.count] {
      var buffer = ByteBuffer()
      var received: [WyomingEvent] = []
      for first in stride(from: 0, to: bytes.count, by: size) {
        buffer.writeBytes(bytes[first..<min(first + size, bytes.count)])
        while let event = try WyomingEvent.next(in: &buffer) { received.append(event) }
      }
      #expect(received.map(\.type) == sent.map(\.type) && received[1].payload == chunk.payload)
      #expect(received[1].data["rate"] as? Int == 16_000 && received[2].data["name"] as? String == "naïve")
    }
    for text in [
      "nonsense\n", "[]\n", "{}\n", #"{"type":"x","data_length":-1}"# + "\n",
      #"{"type":"x","payload_length":99999999}"# + "\n",
    ] {
      var buffer = ByteBuffer(string: text)
      #expect(throws: WyomingEvent.Failure.self) { try WyomingEvent.next(in: &buffer) }
    }
    var endless = ByteBuffer(repeating: 65, count: 70_000)
    #expect(throws: WyomingEvent.Failure.tooLarge) { try WyomingEvent.next(in: &endless) }
  }
}
#endif
