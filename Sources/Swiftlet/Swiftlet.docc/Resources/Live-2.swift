// Live sound to captions: arecord -q -f S16_LE -r 16000 | Live

import Swiftlet
import Terminal

@main
enum Live {
  static func main() async {
    await run { arguments in
      guard arguments.count <= 1 else { throw Usage("Live [MODEL] < 16-bit samples, 16 kHz, one channel") }
      let transcriber = try await loadTranscriber(arguments.first ?? "tiny.en")
      ProgressLine.clear()

      var captions = Captions()
      for try await update in transcriber.stream(RecordedSound(path: "-", format: .s16le)) {
        captions.show(update)
      }
      captions.finish()
      try Task.checkCancellation()
    }
  }
}
