// `swiftlet stream`: live sound to text, as it is said.

public import ArgumentParser
import Foundation
public import Swiftlet

extension AudioInput.SampleFormat: ExpressibleByArgument {}

struct Stream: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what is said while it is said.",
    discussion: """
      Words are printed once they are certain, and never taken back. On a terminal they make a growing line, with the guess \
      at what follows in faint type; otherwise each piece is a line with its times.

        arecord -q -f S16_LE -r 16000 | swiftlet stream --format s16le
        ffmpeg -v error -i rtsp://camera/door -f wav - | swiftlet stream --json
        swiftlet stream --realtime talk.flac
      """)

  @Argument(help: "What to listen to: a file, or - for standard input.", completion: .file())
  var sound = "-"

  @OptionGroup var modelOption: ModelOption

  @OptionGroup var transcription: TranscriptionArguments

  @Option(
    help: "What samples without a container are, one channel: s16le or f32le; otherwise FFmpeg finds out.")
  var format: AudioInput.SampleFormat?

  @Option(help: "With --format, samples a second.")
  var rate = 16_000

  @Option(help: "Seconds of new sound after which it is decoded again, 0.1 to 10.")
  var step = StreamingOptions().step

  @Option(help: "Seconds of sound past which it is cut behind certain words, 5 to 25.")
  var bufferLimit = StreamingOptions().bufferLimit

  @Flag(
    inversion: .prefixedNo,
    help: "Leave silence undecoded, and make certain what was heard before it, by Silero's network.")
  var detectSilence = true

  @Flag(help: "Let the sound come as slowly as from a microphone.")
  var realtime = false

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Hear all that arrived meanwhile in one step, where the machine is too slow for every step.",
      discussion: "If nothing is said: not with a file, unless --realtime is given."))
  var skipSteps: Bool?

  @Flag(
    help: "Print lines of JSON: type (committed, partial), text, words, and seconds heard and of computing.")
  var json = false

  func validate() throws {
    if rate != 16_000, format == nil {
      throw ValidationError("--rate is for samples without a container; name their --format too.")
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
