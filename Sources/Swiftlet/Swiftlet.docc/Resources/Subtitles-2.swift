// A recording to subtitles beside it: talk.mp4 to talk.srt.

import Foundation
import Swiftlet
import Terminal

@main
enum Subtitles {
  static func main() async {
    await run { arguments in
      guard let recording = arguments.first, arguments.count <= 2 else {
        throw Usage("Subtitles RECORDING [MODEL]")
      }
      try await writeSubtitles(of: recording, model: arguments.count == 2 ? arguments[1] : "tiny.en")
    }
  }

  private static func writeSubtitles(of recording: String, model: String) async throws {
    let folder = OutputFolder(URL(filePath: recording).deletingLastPathComponent(), formats: [.srt])
    // Fail now if the file exists already, not after a long transcription.
    try folder.prepare(for: [recording])

    let transcriber = try await loadTranscriber(model)
    let transcript = try await transcriber.transcribe(
      .file(URL(filePath: recording)), progress: { ProgressLine.show($0) })

    let files = try folder.write(transcript, of: recording)
    ProgressLine.clear()
    for file in files { print(file.path) }
  }
}
