// Media decoded in sandboxed forks: the same sound as in this process, and errors that say what is wrong.

#if Server
import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletServer

@Suite struct MediaDecoderTests {
  private let folder = TestFolder()

  private static let files =
    [
      "aac.m4a", "f32_16k_mono.wav", "flac_192k_5.1.flac", "mp3.mp3", "opus.webm", "playlist.m3u8",
      "s24_48k_stereo.wav",
    ]
    .map { "audio/\($0)" }
    + ["silent_film.mp4", "text.wav", "u8_8k_mono.wav", "video.mp4", "vorbis.ogg"].map { "audio/\($0)" }
    + ["speech/jfk.flac", "speech/LJ001-0001.wav", "speech/es/agent-incorrect.flac", "audio"]

  @Test(arguments: files) func theSoundIsThatOfThisProcess(name: String) async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let url = Fixtures.url(name)
    for channels in [AudioInput.Channels.mix, .separate, .one(1), .one(9)] {
      let heard = await decoder.sound(of: url, channels: channels)
      #expect(heard == (await Heard.here(url, channels: channels)), "\(name) \(channels)")
      #expect(heard.error == nil || heard.code == .unreadableAudio)
    }
    await decoder.stop()
    #expect(try folder.names.isEmpty)
  }

  /// Each with the same error, or none, as in this process, and with everything before it.
  @Test(
    arguments: Fixtures.readable([
      "speech/jfk.flac", "audio/mp3.mp3", "audio/aac.m4a", "audio/opus.webm", "audio/u8_8k_mono.wav",
    ]))
  func damagedFilesAreReadAsFarAsHere(name: String) async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let whole = try Data(contentsOf: Fixtures.url(name))
    var generator = SeededGenerator(seed: UInt64(whole.count))
    for number in 0..<12 {
      var data = whole
      if number % 2 == 0 { data = data.prefix(Int.random(in: 1..<data.count, using: &generator)) }
      for _ in 0..<number * 3 {
        data[Int.random(in: 0..<data.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let file = try folder.write(data, as: "damaged\(number).\(name.split(separator: ".").last ?? "")")
      let heard = await decoder.sound(of: file)
      #expect(heard == (await Heard.here(file)), "\(name), number \(number)")
    }
    await decoder.stop()
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func theSoundIsThereWhileItIsDecodedAndAfter() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let media = try await decoder.decode(
      MediaRequest(.file(path: Fixtures.url("speech/jfk.flac").path), name: "jfk.flac"))
    #expect(media.channelCount == 1 && media.declaredDuration == 11)
    let readers = (0..<2).map { _ in Task { await Heard(media.sound) } }
    let summary = try await media.summary
    #expect(summary.duration == 11 && summary.notices.isEmpty)
    let later = await Heard(media.sound)
    #expect(later.channels.first?.count == 176_000)
    for reader in readers { #expect(await reader.value == later) }
    #expect(await Heard(media.audioInput.decoded()) == later)
    await decoder.stop()
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func noticesArrive() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let (first, second) = (Fixtures.url("speech/jfk.flac").path, Fixtures.url("audio/mp3.mp3").path)
    let file = try await ffmpeg(
      "-i", first, "-i", second, "-map", "0", "-map", "1", "-c:a", "aac", to: "two.mkv")
    let media = try await decoder.decode(MediaRequest(.file(path: file.path), name: "call.mkv"))
    let notices = try await media.summary.notices
    #expect(notices.count == 1 && notices.first?.hasPrefix("call.mkv has 2 audio tracks; using 1") == true)
    let chosen = try await decoder.decode(MediaRequest(.file(path: file.path), name: "call.mkv", track: 2))
    #expect(try await chosen.summary.duration < 3)
    await decoder.stop()
  }

  private func ffmpeg(_ arguments: String..., to name: String) async throws -> URL {
    let output = folder.url(name)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["ffmpeg", "-v", "error", "-nostdin", "-y"] + arguments + [output.path]
    let status: Int32 = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do { try process.run() } catch { continuation.resume(throwing: error) }
    }
    try #require(status == 0, "ffmpeg \(arguments)")
    return output
  }

  // MARK: Limits

  /// An hour of silence in a few kilobytes, and half an hour without packets.
  @Test(.enabled(if: Fixtures.readsMedia), arguments: ["silence.flac", "silence.m4a", "jump.mp4"])
  func bombsEndAtTheLongestDuration(name: String) async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let file =
      switch name {
      case "jump.mp4":
        try await ffmpeg(
          "-i",
          ffmpeg("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "3", "-c:a", "aac", to: "short.m4a")
            .path,
          "-c", "copy", "-bsf:a",
          "setts=pts='if(gt(PTS*TB,1),PTS+2000/TB,PTS)':dts='if(gt(DTS*TB,1),DTS+2000/TB,DTS)'", to: name)
      case "silence.m4a":
        try await ffmpeg(
          "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600", "-c:a", "alac", to: name)
      default: try await ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "3600", to: name)
      }
    let heard = await decoder.sound(of: file, limits: MediaLimits(duration: 600))
    #expect(heard.code == .audioTooLong, "\(heard.error ?? "")")
    #expect(heard.error == "\(name) is longer than the 10 minutes that are allowed; split it.")
    #expect(heard.channels.first?.count == 9_600_000)
    await decoder.stop()
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func manyChannelsAreRefused() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let url = Fixtures.url("audio/flac_192k_5.1.flac")
    let heard = await decoder.sound(of: url, channels: .separate, limits: MediaLimits(channels: 5))
    #expect(heard.code == .unreadableAudio && heard.error?.contains("has 6 channels") == true)
    #expect(await decoder.sound(of: url, channels: .separate).channels.count == 6)
    await decoder.stop()
  }

  @Test func whatTakesTooLongOrTooMuchIsEnded() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let slow = await #expect(throws: SwiftletError.self) {
      try await decoder.attempt("work", limits: MediaLimits(processorTime: 1))
    }
    #expect(slow?.code == .audioTooComplex)
    let large = await decoder.sound(of: Fixtures.url("speech/LJ001-0001.wav"), limits: MediaLimits(memory: 0))
    #expect(large.code != nil && large.code != .decoderUnavailable)
    await decoder.stop()
  }

  // MARK: Feeds

  @Test(
    arguments: Fixtures.readable([
      "speech/jfk.flac", "audio/opus.webm", "audio/mp3.mp3", "speech/LJ001-0001.wav",
    ]))
  func whatComesInPiecesIsDecodedAsItComes(name: String) async throws {
    let decoder = MediaDecoder.forTests(in: folder, concurrency: 1)
    let bytes = Array(try Data(contentsOf: Fixtures.url(name)))
    let feed = try MediaFeed()
    let opening = Task { try await decoder.decode(MediaRequest(.feed(feed), name: name)) }
    try await feed.write(bytes[..<(bytes.count / 2)])
    if bytes.count > 300_000 {
      // Before the rest has come.
      for try await piece in try await opening.value.sound {
        #expect(!piece[0].isEmpty)
        break
      }
      // It does not take the place of files.
      #expect(await decoder.sound(of: Fixtures.url("audio/u8_8k_mono.wav")).error == nil)
    }
    try await feed.write(bytes[(bytes.count / 2)...])
    feed.finish()
    let heard = await Heard(try await opening.value.sound)
    // A pipe is not always read as a file is.
    let other = try MediaFeed()
    let reader = try other.takeReader()
    let writer = Task {
      try await other.write(bytes)
      other.finish()
    }
    #expect(
      heard == (await Heard(AudioInput.descriptor(reader.number, name: name).decoded())) && heard.error == nil
    )
    try await writer.value
    #expect(try await feed.write([1]) == false)
    await decoder.stop()
  }

  /// Whoever brings more than the decoder reads waits, until he is told that nobody reads.
  @Test func aFeedThatIsNotReadEnds() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let feed = try MediaFeed()
    let begin = Task { try await decoder.decode(MediaRequest(.feed(feed), name: "text")) }
    try await feed.write(Array("This is no audio. ".utf8) + [UInt8](repeating: 65, count: 4 << 20))
    feed.finish()
    let error = await #expect(throws: SwiftletError.self) { try await begin.value }
    #expect(error?.code == .unreadableAudio)
    // A task that waits for room is cancelled.
    let idle = try MediaFeed()
    let writer = Task { try await idle.write([UInt8](repeating: 0, count: 64 << 20)) }
    try await Task.sleep(for: .milliseconds(20))
    writer.cancel()
    await #expect(throws: CancellationError.self) { try await writer.value }
    await decoder.stop()
  }
}

extension MediaDecoder {
  /// One with the tool that lies beside the test bundle.
  static func forTests(in folder: TestFolder, concurrency: Int = 4) -> MediaDecoder {
    MediaDecoder(
      folder: folder.url, concurrency: concurrency,
      executable: URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "swiftlet"))
  }

  /// Decodes a file to its end.
  func sound(
    of url: URL, channels: AudioInput.Channels = .mix, limits: MediaLimits = MediaLimits()
  ) async -> Heard {
    do {
      return await Heard(
        try await decode(
          MediaRequest(.file(path: url.path), name: url.lastPathComponent, channels: channels, limits: limits)
        ).sound)
    } catch {
      return Heard(error)
    }
  }
}

/// What a sequence of pieces gave, and how it ended.
struct Heard: Equatable {
  var channels: [[Float]] = []
  var error: String?
  var code: SwiftletError.Code?

  init(_ error: any Error) {
    self.error = "\(error)"
    code = (error as? SwiftletError)?.code
  }

  init(_ pieces: some AsyncSequence<[[Float]], any Error>) async {
    do {
      for try await piece in pieces {
        if channels.isEmpty { channels = piece.map { _ in [] } }
        for index in piece.indices { channels[index] += piece[index] }
      }
    } catch {
      self.error = "\(error)"
      code = (error as? SwiftletError)?.code
    }
  }

  /// What this process decodes, with the file's name without its folder in messages.
  static func here(_ url: URL, channels: AudioInput.Channels = .mix) async -> Heard {
    let file = open(url.path, O_RDONLY)
    guard file >= 0 else {
      return Heard(SwiftletError(.unreadableAudio, "\(url.lastPathComponent): no such file."))
    }
    defer { close(file) }
    return await Heard(AudioInput.descriptor(file, name: url.lastPathComponent, channels: channels).decoded())
  }
}
#endif
