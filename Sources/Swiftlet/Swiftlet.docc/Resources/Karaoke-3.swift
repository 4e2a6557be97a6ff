// A recording to subtitles in which every word has its time: talk.mp4 to talk.vtt and talk.lrc.

import Foundation
import Swiftlet
import Terminal

@main
enum Karaoke {
  static func main() async {
    await run { arguments in
      guard let recording = arguments.first, arguments.count <= 2 else {
        throw Usage("Karaoke RECORDING [MODEL]")
      }
      try await writeSubtitles(of: recording, model: arguments.count == 2 ? arguments[1] : "tiny.en")
    }
  }

  private static func writeSubtitles(of recording: String, model: String) async throws {
    let shape = SubtitleOptions(maxLineWidth: 42, maxLineCount: 2, wordTimes: true)
    let folder = OutputFolder(
      URL(filePath: recording).deletingLastPathComponent(), formats: [.vtt, .lrc], subtitles: shape)
    try folder.prepare(for: [recording])

    let transcriber = try await loadTranscriber(model)
    var options = TranscriptionOptions()
    options.words.aligned = shape.needsWords
    let transcript = try await transcriber.transcribe(
      .file(URL(filePath: recording)), options: options, progress: { ProgressLine.show($0) })

    let files = try folder.write(transcript, of: recording)
    ProgressLine.clear()
    for file in files { print(file.path) }
    for word in transcript.segments.flatMap({ $0.words ?? [] }) where word.probability < 0.5 {
      print("Not sure:\(word.text) at \(Duration.seconds(word.start).formatted())")
    }
  }
}
