// `swiftlet stream`: live sound to text, as it is said.

public import ArgumentParser
import Foundation
public import Swiftlet

extension AudioInput.SampleFormat: ExpressibleByArgument {}

struct Stream: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Transcribe live audio as it is spoken.",
    discussion: """
      Words are printed once they are certain, and never change. On a terminal they form a growing line, followed by a guess \
      at what comes next in faint type; otherwise each piece is a line with its times.

        arecord -q -f S16_LE -r 16000 | swiftlet stream --format s16le
        ffmpeg -v error -i rtsp://camera/door -f wav - | swiftlet stream --json
        swiftlet stream --realtime talk.flac
      """)

  @Argument(help: "Audio to transcribe: a file, or - for stdin.", completion: .file())
  var sound = "-"

  @OptionGroup var modelOption: ModelOption

  @OptionGroup var transcription: TranscriptionArguments

  @Option(
    help: "Format of raw mono samples: s16le or f32le; by default FFmpeg detects the container.")
  var format: AudioInput.SampleFormat?

  @Option(help: "With --format, the sample rate in Hz.")
  var rate = 16_000

  @Option(help: "Decode again after every N seconds of new audio, 0.1 to 10.")
  var step = StreamingOptions().step

  @Option(help: "Cut the buffer after committed words once it exceeds N seconds, 5 to 25.")
  var bufferLimit = StreamingOptions().bufferLimit

  @Flag(
    inversion: .prefixedNo,
    help: "Don't decode silence (found by VAD), and commit the words before it.")
  var detectSilence = true

  @Flag(help: "Read a file at the speed of a microphone.")
  var realtime = false

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Skip steps if the machine is too slow: one step takes in all audio that has arrived.",
      discussion: "Default: on, but off for a file without --realtime."))
  var skipSteps: Bool?

  @Flag(
    help: "Print lines of JSON: type (committed, partial), text, words, seconds of audio and of computing.")
  var json = false

  func validate() throws {
    if rate != 16_000, format == nil {
      throw ValidationError("--rate is for raw samples; give their --format too.")
    }
  }

  func run() async throws {
    try await cancelledBySignals { try await follow() }
  }

  private func follow() async throws {
    let options = transcription.options
    var streaming = StreamingOptions()
    streaming.step = step
    streaming.bufferLimit = bufferLimit
    streaming.detectsSilence = detectSilence
    streaming.skipsSteps = skipSteps ?? (realtime || sound == "-")
    streaming.paced = realtime
    let transcriber = try await modelOption.load(for: options)
    StandardError.clearProgress()

    var input = transcription.audio.input(sound)
    input.sampleFormat = format
    input.sampleRate = rate
    var printer = StreamPrinter(json ? .json : Terminal.isThere ? .terminal : .lines)
    var languages = DetectedLanguages()
    var notices: [String] = []
    do {
      for try await update in transcriber.stream(input, options: options, streaming: streaming) {
        if !update.committed.isEmpty,
          let message = languages.message(of: update.language, probability: update.languageProbability)
        {
          try printer.clearGuess()
          StandardError.message(message)
        }
        try printer.print(update)
        notices = update.notices
      }
      try printer.finish()
      notices.forEach { StandardError.message($0) }
    } catch let error where error is CancellationError || error is ExitCode {
      notices.forEach { StandardError.message($0) }
      throw error
    } catch {
      try printer.finish()
      notices.forEach { StandardError.message($0) }
      try fail(error, error.isAboutOptions ? .notUnderstood : .recordingFailed)
    }
  }
}
