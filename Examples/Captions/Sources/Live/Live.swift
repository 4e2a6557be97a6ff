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

      var microphone = AudioInput.standardInput
      microphone.sampleFormat = .s16le
      var captions = Captions()
      for try await update in transcriber.stream(microphone) {
        captions.show(update)
      }
      captions.finish()
    }
  }
}
