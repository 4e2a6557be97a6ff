// The reader of recordings, which is FFmpeg behind `AudioDecoder`: from a file and from a pipe.

import Foundation
import SwiftletAudio
import SwiftletTestSupport

extension Reader {
  static let audio = [
    Reader(name: "audio", seeds: sounds) {
      let scratch = try Scratch()
      return { bytes in
        // How far FFmpeg looks into a WAV file depends on the name.
        let name = bytes.starts(with: "RIFF".utf8) ? "sound.wav" : "sound"
        try decode(.file(path: try scratch.write(bytes, as: name).path), name: scratch.url.lastPathComponent)
      }
    },
    Reader(name: "audio-pipe", seeds: sounds) {
      { bytes in
        // A pipe holds this much, so that nobody has to write while it is read.
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        let written = write(ends[1], bytes.baseAddress, min(bytes.count, 65_536))
        close(ends[1])
        dup2(ends[0], STDIN_FILENO)
        close(ends[0])
        try expect(written >= 0, "the pipe is closed")
        try decode(.standardInput, name: "standard input")
      }
    },
  ]

  @Sendable private static func sounds() throws -> [Data] {
    let names = [
      "aac.m4a", "mp3.mp3", "opus.webm", "silent_film.mp4", "text.wav", "u8_8k_mono.wav", "video.mp4",
      "vorbis.ogg",
      "flac_192k_5.1.flac", "playlist.m3u8",
    ]
    return try names.map { try Data(contentsOf: Fixtures.url("audio/\($0)")) }
  }

  /// A file of nothing but codes for silence may hold hours; what comes after ten minutes is not different.
  private static let mostSamples = 600 * AudioDecoder.sampleRate

  private static func decode(_ location: MediaLocation, name: String) throws {
    do throws(AudioError) {
      let decoder = try AudioDecoder(location)
      var total = 0
      while total < mostSamples {
        let samples = try decoder.read(upTo: 8_000)
        if samples.isEmpty { break }
        guard samples.count <= 8_000 else { fatalError("\(samples.count) samples at once") }
        guard samples.allSatisfy(\.isFinite) else { fatalError("a sample is not a number") }
        total += samples.count
      }
    } catch {
      try expect(error.description.contains(name), "no file is named: \(error)")
    }
  }
}
