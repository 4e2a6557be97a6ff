// The log-mel spectrogram against transformers, openai-whisper, and a plain Fourier sum in double precision.

import Foundation
import SwiftletCheckpoints
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletAudio

@Suite struct LogMelTests {
  @Test(.slow, .enabled(if: Fixtures.readsMedia), arguments: [80, 128], WindowPadding.allCases)
  func windowsAreTheReferences(bins: Int, padding: WindowPadding) throws {
    let recorded = try SafetensorsFile(Fixtures.url("audio/log_mel.safetensors"))
    let all = try recorded.integers(of: "frames")
    for (name, file, windows) in [
      ("jfk", "speech/jfk.flac", 1), ("long", "speech/es/conf-adminmenu-162.flac", 2),
    ] {
      let frames = name == "jfk" ? all : stride(from: 0, to: all.count, by: 6).map { all[$0] }
      let decoder = try AudioDecoder(path: Fixtures.url(file).path)
      let source = LogMelSource(decoder: decoder, bins: bins, padding: padding)
      for index in 0..<windows {
        let window = try #require(try source.window(at: 3_000 * index))
        let expected = try recorded.floats(of: "\(name).\(index).\(bins).\(padding.rawValue)")
        let values = frames.flatMap { window.values[$0 * bins..<($0 + 1) * bins] }
        let difference = zip(values, expected).map { ($0 - $1).magnitude }.max() ?? .infinity
        #expect(values.count == expected.count)
        #expect(difference < 1e-4, "\(name), window \(index)")
        #expect(window.start == Double(index) * 30)
      }
      let end = try source.window(at: 3_000 * windows)
      #expect(end == nil)
    }
  }

  /// Windows from any frame on, some of them overlapping, some far ahead, some cut short.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func windowsBeginAtAnyFrame() throws {
    let path = Fixtures.url("speech/es/conf-adminmenu-162.flac").path
    let sound = try AudioDecoder(path: path).read(upTo: 10_000_000)
    let spectrogram = LogMelSpectrogram(bins: 80)
    let source = LogMelSource(decoder: try AudioDecoder(path: path), bins: 80, padding: .silence)
    let total = sound.count / 160
    for (frame, limit) in [(0, 3_000), (0, 150), (7, 3_000), (1_999, 3_000), (2_700, 90), (total - 1, 3_000)]
    {
      let window = try #require(try source.window(at: frame, limit: limit))
      let end = min(sound.count, (frame + limit) * 160)
      #expect(window.values == spectrogram.window(of: Array(sound[frame * 160..<end])).values)
      #expect(window.firstFrame == frame)
      #expect(window.contentFrames == min(limit, total - frame))
    }
    #expect(try source.window(at: total)?.firstFrame == nil)
    #expect(try source.window(at: 9_000)?.firstFrame == nil)

    let whole = LogMelSource(decoder: try AudioDecoder(path: path), bins: 80, padding: .zeros)
    let (first, later) = (
      try #require(try whole.window(at: 0)), try #require(try whole.window(at: 300, limit: 50))
    )
    #expect(later.values[..<4_000] == first.values[300 * 80..<350 * 80])
    #expect(Set(later.values[4_000...]) == [0])
    #expect(later.contentFrames == 50)
  }

  @Test(arguments: [80, 128]) func noiseIsThatOfAPlainFourierSum(bins: Int) {
    var generator = SeededGenerator(seed: 5)
    let samples = (0..<400 + 9 * 160).map { _ in Float.random(in: -1..<1, using: &generator) }
    let values = LogMelSpectrogram(bins: bins).logPower(of: samples, frames: 11)
    let filters = MelFilterBank(bins: bins).dense()
    for frame in 0..<11 {
      let power = (0...200).map { k in
        var (x, y) = (0.0, 0.0)
        for n in 0..<400 where frame * 160 + n < samples.count {
          let hann = 0.5 - 0.5 * cos(2 * Double.pi * Double(n) / 400)
          let sample = Double(samples[frame * 160 + n]) * hann
          let angle = 2 * Double.pi * Double(k * n % 400) / 400
          x += sample * cos(angle)
          y -= sample * sin(angle)
        }
        return x * x + y * y
      }
      for bin in 0..<bins {
        let sum = (0...200).reduce(0.0) { $0 + Double(filters[bin * 201 + $1]) * power[$1] }
        let expected = log10(max(sum, 1e-10))
        #expect(
          (Double(values[frame * bins + bin]) - expected).magnitude < 2e-5, "frame \(frame), bin \(bin)")
      }
    }
  }

  @Test func onlySoundIsTransformed() {
    let window = LogMelSpectrogram(bins: 80).window(of: [Float](repeating: 0.1, count: 16_000))
    #expect(window.soundFrames == 102)
    #expect(window.values.count == 3_000 * 80)
    #expect(Set(window.values[(window.soundFrames * 80)...]).count == 1)
    #expect(
      LogMelSpectrogram(bins: 80).window(of: [Float](repeating: 0.1, count: 480_000)).soundFrames == 3_000)
  }
}

extension MelFilterBank {
  /// Every filter over all frequencies, `[bins, transformSize / 2 + 1]`.
  fileprivate func dense(transformSize: Int = 400) -> [Float] {
    filters.flatMap { filter in
      let before = [Float](repeating: 0, count: filter.first)
      let after = [Float](repeating: 0, count: transformSize / 2 + 1 - filter.first - filter.weights.count)
      return before + filter.weights + after
    }
  }
}
