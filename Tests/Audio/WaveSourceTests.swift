// WAV files as they are read where there is no FFmpeg. In a build without it, the tests of AudioDecoder read with it too.

import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletAudio

@Suite struct WaveSourceTests {
  private func bytes(_ value: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
  }

  private func wave(
    tag: UInt16, channels: UInt16 = 1, rate: UInt32 = 16_000, bits: UInt16, extensible: Bool = false,
    samples: Data
  ) -> Data {
    let frame = channels * bits / 8
    var format =
      bytes(extensible ? 0xFFFE : tag) + bytes(channels) + bytes(rate) + bytes(rate * UInt32(frame))
    format += bytes(frame) + bytes(bits)
    if extensible {
      format += bytes(UInt16(22)) + bytes(bits) + bytes(UInt32(0)) + bytes(tag)
      format += Data([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71])
    }
    let body = Data("WAVEfmt ".utf8) + bytes(UInt32(format.count)) + format + Data("data".utf8)
    let all = body + bytes(UInt32(samples.count)) + samples
    return Data("RIFF".utf8) + bytes(UInt32(all.count)) + all
  }

  private func source(of data: Data, raw: RawSound? = nil) throws -> WaveSource {
    let file = TestFolder.place("sound.wav")
    try data.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try WaveSource(
      .file(path: file.path), name: "test.wav", raw: raw, selection: SoundSelection(), isCancelled: { false })
  }

  private func read(_ source: WaveSource) throws -> [[Float]] {
    var all = [[Float]](repeating: [], count: source.channels)
    while let (frame, time) = try source.nextFrame() {
      #expect(time == nil)
      for channel in all.indices { all[channel] += frame.channels[channel] }
    }
    return all
  }

  private func mixed(_ source: WaveSource, _ output: ChannelOutput = .mono) throws -> [[Float]] {
    let mixer = WaveMixer(name: "test.wav", rate: 16_000, output: output)
    var channels = [[Float]](repeating: [], count: output == .mono ? 1 : source.channels)
    while let (frame, _) = try source.nextFrame() { try mixer.convert(frame, into: &channels) }
    try mixer.flush(into: &channels)
    return channels
  }

  /// Half, its opposite, the smallest number, and nothing.
  @Test(arguments: [false, true]) func everyEncodingIsRead(extensible: Bool) throws {
    let expected: [Float] = [0.5, -0.5, -1, 0]
    let samples: [(tag: UInt16, bits: UInt16, Data)] = [
      (1, 8, Data([192, 64, 0, 128])),
      (1, 16, [Int16(0x4000), -0x4000, .min, 0].reduce(Data()) { $0 + bytes($1) }),
      (1, 24, Data([0, 0, 0x40, 0, 0, 0xC0, 0, 0, 0x80, 0, 0, 0])),
      (1, 32, [Int32(0x4000_0000), -0x4000_0000, .min, 0].reduce(Data()) { $0 + bytes($1) }),
      (3, 32, expected.reduce(Data()) { $0 + bytes($1.bitPattern) }),
      (3, 64, expected.reduce(Data()) { $0 + bytes(Double($1).bitPattern) }),
    ]
    for (tag, bits, data) in samples {
      let mono = wave(tag: tag, bits: bits, extensible: extensible, samples: data)
      #expect(try read(source(of: mono)) == [expected], "\(tag), \(bits)")
      let stereo = wave(tag: tag, channels: 2, bits: bits, extensible: extensible, samples: data)
      #expect(try read(source(of: stereo)) == [[0.5, -1], [-0.5, 0]], "\(tag), \(bits)")
      // What does not make a whole frame is left out.
      let cut = wave(tag: tag, channels: 3, bits: bits, extensible: extensible, samples: data)
      #expect(try read(source(of: cut)) == [[0.5], [-0.5], [-1]], "\(tag), \(bits)")
    }
  }

  @Test func samplesWithoutHeader() throws {
    let data = [Int16(0x4000), -0x4000].reduce(Data()) { $0 + bytes($1) }
    let raw = RawSound(sampleFormat: "s16le", rate: 8_000)
    let source = try source(of: data, raw: raw)
    #expect(source.duration(origin: 0) == 0.000_25)
    #expect(try read(source) == [[0.5, -0.5]])
    #expect(throws: AudioError.unlikelyRate(file: "test.wav", rate: 3)) {
      try self.source(of: data, raw: RawSound(sampleFormat: "f32le", rate: 3))
    }
  }

  @Test func channelsAreMixedOrKept() throws {
    let values: [Float] = (0..<4_000).flatMap { [Float(sin(Double($0) / 9)) / 2, 0.25, 0.125] }
    func data(_ channels: UInt16) -> Data {
      wave(
        tag: 3, channels: channels, bits: 32,
        samples: (0..<4_000).flatMap { values[3 * $0..<3 * $0 + Int(channels)] }
          .reduce(into: Data()) { $0 += bytes($1.bitPattern) })
    }
    let separate = try mixed(source(of: data(3)), .separate(3))
    #expect(separate.count == 3 && separate[0].count == 4_000)
    #expect(separate[0][1_234] == values[3 * 1_234] && separate[2].allSatisfy { $0 == 0.125 })
    let three = try mixed(source(of: data(3)))[0]
    let two = try mixed(source(of: data(2)))[0]
    for index in 0..<4_000 {
      let (a, b, c) = (values[3 * index], values[3 * index + 1], values[3 * index + 2])
      #expect(abs(two[index] - (a + b) / Float(2).squareRoot()) < 1e-6)
      #expect(abs(three[index] - (a + b + c) / Float(3).squareRoot()) < 1e-6)
    }
  }

  /// 8, 16 and 48 kHz, one channel and two, as FFmpeg gives them.
  @Test(
    .enabled(if: Fixtures.readsMedia),
    arguments: ["u8_8k_mono.wav", "f32_16k_mono.wav", "s24_48k_stereo.wav"])
  func fixturesSoundAsWithFFmpeg(name: String) throws {
    let path = Fixtures.url("audio/\(name)").path
    let source = try WaveSource(
      .file(path: path), name: name, raw: nil, selection: SoundSelection(), isCancelled: { false })
    let found = try mixed(source)[0]
    let expected = try AudioDecoder(path: path).readAll()
    #expect(abs(found.count - expected.count) <= 1)
    let (error, power) = zip(found, expected).dropFirst(100).dropLast(100).reduce((Float(0), Float(0))) {
      ($0.0 + ($1.0 - $1.1) * ($1.0 - $1.1), $0.1 + $1.1 * $1.1)
    }
    // FFmpeg's filter is another one near the highest frequency.
    #expect(error < power * 1e-3, "\(error / power)")
  }

  @Test func otherFormatsAreRefusedInASentence() throws {
    let compressed = wave(tag: 0x55, bits: 8, samples: Data(count: 100))
    for data in [compressed, Data("hello, world, this is no recording".utf8), Data("ID3".utf8)] {
      #expect(throws: AudioError.needsFFmpeg(file: "test.wav")) { try source(of: data) }
    }
    #expect(AudioError.needsFFmpeg(file: "a.mp3").description.contains("convert it to WAV"))
    let zero = wave(tag: 1, channels: 0, bits: 16, samples: Data(count: 100))
    #expect(throws: AudioError.self) { try source(of: zero) }
  }
}
