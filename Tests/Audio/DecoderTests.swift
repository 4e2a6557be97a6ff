// Formats that must decode, and files that must be refused, each with its own error.

import Foundation
import SwiftletAudio
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct DecoderTests {
  private func read(_ path: String, upTo count: Int = 4_096) throws -> [Float] {
    let decoder = try AudioDecoder(path: path)
    var all: [Float] = []
    while true {
      let part = try decoder.read(upTo: count)
      if part.isEmpty { return all }
      #expect(part.count <= count)
      all += part
    }
  }

  private func fixture(_ name: String) -> String { Fixtures.url("audio/\(name)").path }

  /// The correlation of two signals at the best of a few shifts: encoders delay by up to a few hundred samples.
  private func correlation(_ a: [Float], _ b: [Float]) -> Float {
    (-600...600).map { shift in
      var (product, first, second): (Float, Float, Float) = (0, 0, 0)
      for index in max(0, -shift)..<min(a.count, b.count - shift) where index + shift >= 0 {
        product += a[index] * b[index + shift]
        first += a[index] * a[index]
        second += b[index + shift] * b[index + shift]
      }
      return product / (first * second).squareRoot()
    }.max() ?? 0
  }

  @Test(
    .slow,
    .enabled(if: Fixtures.readsMedia),
    arguments: [
      ("u8_8k_mono.wav", 1.5), ("s24_48k_stereo.wav", 0.5), ("f32_16k_mono.wav", 1.5),
      ("flac_192k_5.1.flac", 0.3),
      ("mp3.mp3", 1.5), ("vorbis.ogg", 1.5), ("opus.webm", 1.5), ("aac.m4a", 1.5), ("video.mp4", 1.5),
    ]) func formatsDecode(name: String, seconds: Double) throws
  {
    let sound = try read(fixture(name))
    let original = try read(Fixtures.url("speech/jfk.flac").path)
    #expect(abs(Double(sound.count) / 16_000 - seconds) < 0.1, "\(sound.count) samples")
    // Half the band is lost at 8 kHz, and eight bits hiss in this quiet beginning; lossy codecs keep the waveform.
    #expect(correlation(sound, Array(original.prefix(sound.count + 600))) > 0.9)
  }

  @Test func oneChunkOrMany() throws {
    let path = Fixtures.url("speech/LJ001-0002.wav").path
    let whole = try read(path, upTo: 1_000_000)
    let pieces = try read(path, upTo: 777)
    #expect(whole == pieces)
  }

  @Test func eachRefusalNamesTheFile() throws {
    let folder = TestFolder.place("new")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let empty = folder.appending(path: "empty.wav").path
    try Data().write(to: URL(filePath: empty))
    for (path, error) in [
      (empty, AudioError.empty(file: empty)), (folder.path, .isDirectory(file: folder.path)),
      ("/nowhere/a.wav", .notFound(file: "/nowhere/a.wav")),
      (
        fixture("silent_film.mp4"),
        Fixtures.readsMedia
          ? .noSoundStream(file: fixture("silent_film.mp4")) : .needsFFmpeg(file: fixture("silent_film.mp4"))
      ),
    ] {
      #expect(throws: error) { try read(path) }
      #expect(error.description.contains(path))
    }
    for name in ["text.wav", "playlist.m3u8"] {
      let error = #expect(throws: AudioError.self) { try read(fixture(name)) }
      #expect(error?.description.contains(name) == true)
    }
  }

  @Test(arguments: Fixtures.readable(["f32_16k_mono.wav", "aac.m4a", "opus.webm", "mp3.mp3"]))
  func cutFilesDeliverWhatTheyHave(name: String) throws {
    let data = try Data(contentsOf: Fixtures.url("audio/\(name)"))
    let cut = TestFolder.place(name)
    try data.prefix(data.count / 2).write(to: cut)
    defer { try? FileManager.default.removeItem(at: cut) }
    let decoder = try AudioDecoder(path: cut.path)
    var count = 0
    let error = #expect(throws: AudioError.self) {
      while true {
        let part = try decoder.read(upTo: 1_000)
        if part.isEmpty { break }
        count += part.count
      }
    }
    #expect(count > 4_000)
    guard case .truncated(file: cut.path, _, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  /// The first would make six hours of 24 kB, the last a filter of a gigabyte.
  @Test(arguments: [1, 64, 570_433_344]) func damagedRatesAreRefused(rate: UInt32) throws {
    var data = try Data(contentsOf: Fixtures.url("audio/u8_8k_mono.wav"))
    for byte in 0..<4 { data[24 + byte] = UInt8(truncatingIfNeeded: rate >> (8 * byte)) }
    let file = TestFolder.place("sound.wav")
    try data.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    #expect(throws: AudioError.unlikelyRate(file: file.path, rate: Int(rate))) { try read(file.path) }
  }

  /// Floats that are not numbers, or too large, would spoil the whole window's spectrum.
  @Test func samplesAreNumbers() throws {
    var data = try Data(contentsOf: Fixtures.url("audio/f32_16k_mono.wav"))
    for (index, value) in [Float.nan, .infinity, -.infinity, 1e30].enumerated() {
      let bits = value.bitPattern
      for byte in 0..<4 { data[4_000 + 400 * index + byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte)) }
    }
    let file = TestFolder.place("sound.wav")
    try data.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let sound = try read(file.path)
    #expect(sound.count > 20_000)
    #expect(sound.allSatisfy { $0.magnitude < 2 })
  }

  /// Mutated files either decode or are refused; `SWIFTLET_FUZZ_ROUNDS` makes the run longer.
  @Test(
    .slow,
    arguments: Fixtures.readable([
      "f32_16k_mono.wav", "s24_48k_stereo.wav", "vorbis.ogg", "opus.webm", "aac.m4a", "mp3.mp3",
      "flac_192k_5.1.flac",
    ]))
  func mutatedFilesDoNotCrash(name: String) throws {
    let rounds = ProcessInfo.processInfo.environment["SWIFTLET_FUZZ_ROUNDS"].flatMap(Int.init) ?? 50
    let data = try Data(contentsOf: Fixtures.url("audio/\(name)"))
    let file = TestFolder.place(name)
    defer { try? FileManager.default.removeItem(at: file) }
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<rounds {
      var mutated = data
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        // Headers are where the damage is interesting.
        let end = Bool.random(using: &generator) ? min(300, mutated.count) : mutated.count
        mutated[Int.random(in: 0..<end, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      try mutated.write(to: file)
      do {
        let samples = try read(file.path)
        // Ten minutes out of a second and a half would be a header believed without its data.
        #expect(samples.count < 16_000 * 600)
      } catch let error as AudioError {
        #expect(error.description.contains(name))
      }
    }
  }
}
