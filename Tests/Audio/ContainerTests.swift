// Sound on the clock of its container: what is late, missing, damaged, in several tracks or channels.

import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletAudio

/// Containers that ffmpeg makes of three tones: 1 s at 300 Hz, 1 s of silence, 1 s at 700 Hz.
@Suite struct ContainerTests {
  private let temporary = TestFolder()
  private var folder: URL { temporary.url }

  private func ffmpeg(_ arguments: String..., to name: String) throws -> String {
    try run(arguments, to: name)
  }

  private static let tones =
    "aevalsrc='0.3*sin(2*PI*300*t)*lt(t,1)+0.3*sin(2*PI*700*t)*gte(t,2)':d=3:s=44100"
  private static let picture = "testsrc=d=8:s=64x48:r=10"

  /// Where there is sound, in hundredths of a second.
  ///
  /// - Parameter joining: gaps up to this length are no gaps.
  private func loud(_ samples: [Float], joining: Int = 2) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for index in 0..<samples.count / 160 {
      let power = samples[index * 160..<(index + 1) * 160].reduce(0) { $0 + $1 * $1 } / 160
      guard power > 1e-3 else { continue }
      if let last = ranges.last, last.upperBound + joining >= index {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
      } else {
        ranges.append(index..<index + 1)
      }
    }
    return ranges
  }

  private func read(_ path: String, _ selection: SoundSelection = SoundSelection()) throws -> [Float] {
    try AudioDecoder(path: path, selection: selection).readAll()
  }

  /// Within 0.1 s: what encoders without a declared delay add.
  private func expect(_ path: String, _ seconds: [ClosedRange<Double>], joining: Int = 2) throws {
    let found = loud(try read(path), joining: joining)
    #expect(found.count == seconds.count, "\(path): \(found)")
    for (found, wanted) in zip(found, seconds) {
      #expect(abs(Double(found.lowerBound) / 100 - wanted.lowerBound) < 0.1, "\(path): \(found)")
      #expect(abs(Double(found.upperBound) / 100 - wanted.upperBound) < 0.1, "\(path): \(found)")
    }
  }

  @Test(.enabled(if: Fixtures.readsMedia), arguments: ["mkv", "mp4", "ts", "mov"]) func lateSoundIsLate(
    type: String
  ) throws {
    let file = try ffmpeg(
      "-f", "lavfi", "-i", Self.picture, "-itsoffset", "4.9", "-f", "lavfi", "-i", Self.tones, "-map", "0:v",
      "-map",
      "1:a", "-c:v", "mpeg4", "-c:a", "aac", to: "late.\(type)")
    try expect(file, [4.9...5.9, 6.9...7.9])
  }

  /// Sound alone begins at 0, whatever its clock says.
  @Test(.enabled(if: Fixtures.readsMedia), arguments: ["mkv", "ts", "mp4"]) func soundAloneBeginsAtZero(
    type: String
  ) throws {
    let file = try ffmpeg(
      "-f", "lavfi", "-i", Self.tones, "-c:a", "aac", "-output_ts_offset", "1000", to: "far.\(type)")
    try expect(file, [0...1, 2...3])
  }

  /// Ten seconds without packets after 1.5 s: silence, in every container that has times.
  @Test(.enabled(if: Fixtures.readsMedia), arguments: ["mp4", "mkv", "ts", "flv", "mov"])
  func holesAreSilence(type: String) throws {
    let whole = try ffmpeg("-f", "lavfi", "-i", Self.tones, "-c:a", "aac", to: "whole.m4a")
    let jump = { (of: String) in
      "\(of)='if(gt(\(of.uppercased())*TB,1.5),\(of.uppercased())+10/TB,\(of.uppercased()))'"
    }
    let hole = try ffmpeg(
      "-i", whole, "-c", "copy", "-bsf:a", "setts=\(jump("pts")):\(jump("dts"))", to: "hole.mp4")
    let file = type == "mp4" ? hole : try ffmpeg("-i", hole, "-c", "copy", to: "hole.\(type)")
    try expect(file, [0...1, 12...13])
    let decoder = try AudioDecoder(path: file)
    _ = try decoder.readAll()
    #expect(
      decoder.report.notices.count == 1 && decoder.report.notices[0].contains("no audio for 10.0 s at 1.5"))
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func aClockThatJumpsHoursAheadIsNotFollowed() throws {
    let whole = try ffmpeg("-f", "lavfi", "-i", Self.tones, "-c:a", "aac", to: "whole.m4a")
    let file = try ffmpeg(
      "-i", whole, "-c", "copy", "-bsf:a",
      "setts=pts='if(gt(PTS*TB,1.5),PTS+36000/TB,PTS)':dts='if(gt(DTS*TB,1.5),DTS+36000/TB,DTS)'",
      to: "ahead.mp4")
    try expect(file, [0...1, 2...3])
    let decoder = try AudioDecoder(path: file)
    _ = try decoder.readAll()
    #expect(
      decoder.report.notices.count == 1
        && decoder.report.notices[0].contains("jumps ahead by 36000.0 s at 1.5"))
  }

  @Test(
    .enabled(if: Fixtures.readsMedia),
    arguments: [
      ("libopus", "ogg"), ("libvorbis", "ogg"), ("flac", "ogg"), ("libmp3lame", "mp3"), ("aac", "ts"),
    ])
  func partsFollowEachOther(codec: String, type: String) throws {
    let first = try ffmpeg("-f", "lavfi", "-i", Self.tones, "-c:a", codec, to: "first.\(type)")
    let second = try ffmpeg(
      "-f", "lavfi", "-i", Self.tones, "-ar", "24000", "-ac", "2", "-c:a", codec, to: "second.\(type)")
    let both = folder.appending(path: "both.\(type)")
    for parts in codec == "flac" ? [[first, first]] : [[first, first], [first, second]] {
      try parts.reduce(Data()) { $0 + (try Data(contentsOf: URL(filePath: $1))) }.write(to: both)
      // Between two parts lies what their encoders add: less than a tenth of a second.
      try expect(both.path, [0...1, 2...4, 5...6], joining: 10)
    }
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func damageIsSilenceAndIsTold() throws {
    let file = try ffmpeg(
      "-f", "lavfi", "-i", "aevalsrc='0.3*sin(2*PI*300*t)*mod(floor(t),2)':d=20:s=44100", "-c:a", "aac",
      "-b:a", "128k",
      to: "damaged.mp4")
    var data = try Data(contentsOf: URL(filePath: file))
    var generator = SeededGenerator(seed: 3)
    let begin = data.count * 2 / 5
    for index in begin..<begin + data.count / 5 { data[index] = .random(in: 0...255, using: &generator) }
    try data.write(to: URL(filePath: file))
    let decoder = try AudioDecoder(path: file)
    var samples: [Float] = []
    let error = #expect(throws: AudioError.self) {
      while true {
        let part = try decoder.read(upTo: 16_000)
        if part.isEmpty { break }
        samples += part
      }
    }
    guard case .damaged(file, let seconds, let from, let to) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(seconds > 0.5 && from > 5 && to < 15 && to - from >= seconds - 0.1)
    // What comes after the damage is where it was.
    #expect(abs(Double(samples.count) / 16_000 - 20) < 0.1)
    let after = loud(samples).filter { $0.lowerBound > 1_450 }
    #expect(after.map { ($0.lowerBound + 50) / 100 } == [15, 17, 19])
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func theTrackThatIsMeantIsRead() throws {
    func tracks(_ options: String...) throws -> String {
      let inputs = [300, 700, 1_100].flatMap { ["-f", "lavfi", "-i", "sine=f=\($0):d=1"] }
      let process = inputs + ["-map", "0", "-map", "1", "-map", "2", "-c:a", "aac"] + options
      return try run(process, to: "tracks.mkv")
    }
    /// The frequency by the number of zeros that are crossed.
    func frequency(_ samples: [Float]) -> Int {
      let crossings = zip(samples, samples.dropFirst()).count { ($0 < 0) != ($1 < 0) }
      return Int((Double(crossings) / 2 / (Double(samples.count) / 16_000) / 100).rounded()) * 100
    }
    let plain = try tracks("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=spa")
    #expect(frequency(try read(plain)) == 300)
    #expect(frequency(try read(plain, SoundSelection(track: 3))) == 1_100)
    #expect(frequency(try read(plain, SoundSelection(isPreferred: { $0 == "spa" }))) == 700)
    let notices = try AudioDecoder(path: plain).report.notices
    #expect(
      notices.count == 1
        && notices[0].contains("3 audio tracks; using 1 (eng, aac), not 2 (spa, aac), 3 (aac)."))
    #expect(try AudioDecoder(path: plain, selection: SoundSelection(track: 2)).report.notices.isEmpty)
    #expect(throws: AudioError.noSuchTrack(file: plain, track: 4, count: 3)) {
      try read(plain, SoundSelection(track: 4))
    }
    let second = try tracks("-disposition:a:0", "0", "-disposition:a:1", "default")
    #expect(frequency(try read(second)) == 700)
  }

  private func run(_ arguments: [String], to name: String) throws -> String {
    let output = folder.appending(path: name).path
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y"] + arguments + [output]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "ffmpeg \(arguments)")
    return output
  }

  @Test func channelsAreReadApart() throws {
    let file = try run(
      ["-f", "lavfi", "-i", "aevalsrc='0.3*sin(2*PI*300*t)*lt(t,1)|0.3*sin(2*PI*700*t)*gt(t,2)':d=3:s=8000"],
      to: "two.wav")
    let decoder = try AudioDecoder(path: file, selection: SoundSelection(channels: .separate))
    #expect(decoder.channelCount == 2)
    let channels = ChannelSplitter(decoder).channels
    var sounds: [[Float]] = [[], []]
    // At different paces.
    for (index, count) in [(1, 7_000), (0, 3_000)] {
      while true {
        let part = try channels[index].read(upTo: count)
        if part.isEmpty { break }
        sounds[index] += part
      }
    }
    #expect(sounds[0].count == sounds[1].count)
    #expect(loud(sounds[0]).map(\.upperBound) == [100])
    #expect(loud(sounds[1]).count == 1 && abs(loud(sounds[1])[0].lowerBound - 200) < 2)
    #expect(try read(file, SoundSelection(channels: .one(2))) == sounds[1])
    #expect(throws: AudioError.noSuchChannel(file: file, channel: 3, count: 2)) {
      try read(file, SoundSelection(channels: .one(3)))
    }
  }

  /// A pipe that gives nothing for a while must not keep a cancellation waiting.
  @Test func readingAnIdlePipeCanBeCancelled() throws {
    let path = folder.appending(path: "pipe").path
    #expect(mkfifo(path, 0o600) == 0)
    let writer = open(path, O_RDWR)
    defer { close(writer) }
    var asked = 0
    let error = #expect(throws: AudioError.self) {
      try AudioDecoder(
        path: path,
        isCancelled: {
          asked += 1
          return asked > 3
        })
    }
    #expect(error == .cancelled(file: path))
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func anIndexAtTheEndOfAPipeIsSaidAtOnce() throws {
    let file = try ffmpeg("-f", "lavfi", "-i", Self.tones, "-c:a", "aac", to: "index.m4a")
    let path = folder.appending(path: "pipe").path
    #expect(mkfifo(path, 0o600) == 0)
    let writer = open(path, O_RDWR)
    defer { close(writer) }
    // Nothing but the beginning ever arrives.
    let beginning = [UInt8](try Data(contentsOf: URL(filePath: file)).prefix(2_000))
    #expect(write(writer, beginning, beginning.count) == beginning.count)
    #expect(throws: AudioError.indexAtEnd(file: path)) { try AudioDecoder(path: path) }
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func piecesOfFilesAreNamed() throws {
    let webm = try ffmpeg("-f", "lavfi", "-i", Self.tones, "-c:a", "libopus", to: "a.webm")
    let data = try Data(contentsOf: URL(filePath: webm))
    let cluster = try #require(data.firstRange(of: Data([0x1F, 0x43, 0xB6, 0x75])))
    let mp4 = try Data(
      contentsOf: URL(filePath: try ffmpeg("-f", "lavfi", "-i", Self.tones, "-c:a", "aac", to: "a.mp4")))
    let index = try #require(mp4.firstRange(of: Data("moov".utf8)))
    for (name, data) in [
      ("headless.webm", data[cluster.lowerBound...]), ("frameless.webm", data[..<cluster.lowerBound]),
      ("no-index.mp4", mp4[..<(index.lowerBound - 4)]),
    ] {
      let path = folder.appending(path: name).path
      try Data(data).write(to: URL(filePath: path))
      let error = #expect(throws: AudioError.self) { try read(path) }
      switch error {
      case .headerMissing: #expect(name == "headless.webm")
      case .noSamples: #expect(name == "frameless.webm")
      case .indexMissing: #expect(name == "no-index.mp4")
      default: Issue.record("\(name): \(String(describing: error))")
      }
    }
  }
}

/// Numbers in containers that no file can mean.
@Suite struct HostileContainerTests {
  private func read(_ bytes: [UInt8], pipe: Bool) throws -> [Float] {
    let path = TestFolder.place("new").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    if pipe {
      #expect(mkfifo(path, 0o600) == 0)
      Thread.detachNewThread { try? FileHandle(forWritingAtPath: path)?.write(contentsOf: Data(bytes)) }
    } else {
      try Data(bytes).write(to: URL(filePath: path))
    }
    return try AudioDecoder(path: path).readAll()
  }

  /// A box of nearly 2^63 bytes, a chunk of 4 GB that is not there, sizes of 2^64.
  @Test(arguments: [false, true]) func sizesThatCannotBeAreRefused(pipe: Bool) throws {
    let box: [UInt8] =
      [0, 0, 0, 1] + Array("free".utf8) + [0x7F] + [UInt8](repeating: 0xFF, count: 6) + [0xF0]
    let ftyp: [UInt8] = [0, 0, 0, 16] + Array("ftypisom".utf8) + [0, 0, 0, 0]
    let riff = Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WAVEJUNK".utf8) + [0xFF, 0xFF, 0xFF, 0xFF]
    let rf64 =
      Array("RF64".utf8) + [UInt8](repeating: 0xFF, count: 4) + Array("WAVEds64".utf8) + [28, 0, 0, 0]
      + [UInt8](repeating: 0xFF, count: 28) + Array("data".utf8) + [UInt8](repeating: 0xFF, count: 8)
    let wave64: [UInt8] =
      [0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0, 0]
      + [UInt8](repeating: 0xFF, count: 80)
    for bytes in [box, ftyp + box, riff, rf64, wave64] {
      #expect(throws: AudioError.self) { try read(bytes, pipe: pipe) }
    }
  }

  /// What a clock that runs away adds up to is bounded, too.
  @Test func silenceHasAnEnd() {
    var timeline = Timeline(origin: 0)
    for index in 0..<1_000 {
      for half in 0..<2 { _ = timeline.place(Double(index) * 3_500 + Double(half) * 0.1, duration: 0.1) }
    }
    _ = timeline.finish()
    #expect(timeline.end < Timeline.longestSilence + 1_000)
    #expect(timeline.gaps.count < 30 && timeline.jumps.count > 900)
  }
}
