// Media decoded in sandboxed forks: the same sound as in this process, and no harm.

#if Server
import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletServer

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
  ) async throws -> Heard {
    await Heard(
      try await decode(
        MediaRequest(.file(path: url.path), name: url.lastPathComponent, channels: channels, limits: limits)))
  }
}

/// What a sequence of pieces gave, and how it ended.
struct Heard: Equatable {
  var channels: [[Float]] = []
  var error: String?
  var code: SwiftletError.Code?

  init(_ pieces: some AsyncSequence<[[Float]], any Error>) async {
    do {
      for try await piece in pieces {
        if channels.isEmpty {
          channels = piece
        } else {
          for index in piece.indices { channels[index] += piece[index] }
        }
      }
    } catch let failure as SwiftletError {
      (error, code) = (failure.message, failure.code)
    } catch {
      self.error = "\(error)"
    }
  }

  init(_ media: DecodedMedia) async { self = await Heard(media.sound) }
}

@Suite struct MediaDecoderTests {
  private let folder = TestFolder()

  @Test func smoke() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    print(try await decoder.start())
    for name in ["audio/mp3.mp3", "audio/text.wav", "audio/flac_192k_5.1.flac", "speech/jfk.flac"] {
      let url = Fixtures.url(name)
      do {
        let heard = try await decoder.sound(of: url)
        print(name, heard.channels.map(\.count), heard.error ?? "")
      } catch { print(name, error) }
    }
    for what in [
      "open", "create", "remove", "status", "socket", "exec", "fork", "kill", "descriptor", "code", "protect",
      "memory", "trace", "namespace", "user", "crash", "abort",
    ] {
      do { print(what, try await decoder.attempt(what)) } catch { print(what, error) }
    }
    await decoder.stop()
  }
}
#endif
