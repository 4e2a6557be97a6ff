// `swiftlet transcribe`: recordings to text.

public import ArgumentParser
import Foundation
public import Swiftlet
import SwiftletCompute

struct Transcribe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what is said in recordings.",
    discussion: """
      Sound and video of any format that FFmpeg reads, of any length; each segment prints a line.

        swiftlet transcribe talk.flac > talk.txt
        swiftlet transcribe --model base --language fr interview.m4a
        swiftlet transcribe *.mp3 --output-dir transcripts --output-format srt --output-format vtt
        swiftlet transcribe --model base --task translate interview.m4a
        swiftlet transcribe --model base --beam-size 5 --initial-prompt "Swiftlet, Whisper" talk.flac
        curl -s https://example.org/talk.mp3 | swiftlet transcribe -
      """)

  @Argument(
    help: "Recordings; - is standard input.", completion: .file())
  var recordings: [String]

  @OptionGroup var modelOption: ModelOption

  @Option(
    name: [.short, .long],
    help: "The language that is spoken, as a code or an English name; detected if it is not given.")
  var language: String?

  @Option(help: "transcribe, or translate into English.")
  var task: TranscriptionOptions.Task = .transcribe

  @OptionGroup(title: "Decoding") var decoding: DecodingArguments

  @Flag(help: "Print the probabilities of the languages in the first 30 s instead, the most probable first.")
  var detectLanguage = false

  @Option(
    help: ArgumentHelp(
      "What fills a window after the end of the sound.",
      discussion: "silence is what transformers does, zeros what openai-whisper does."))
  var padding: TranscriptionOptions.Padding = .silence

  @Option(
    help: ArgumentHelp(
      "What to do with the silent end of a window.",
      discussion: """
        fold looks at every 16th position of it, which is several times as fast for short recordings and as accurate; \
        exact looks at all of it, as the reference implementations do. Without it, \
        an int8 encoder folds (not with --padding zeros), and any other is exact.
        """))
  var tail: TranscriptionOptions.Tail?

  @Option(help: "Seconds after the sound that are kept whole where the tail is folded.")
  var tailMargin = TranscriptionOptions().tailMargin

  @Option(help: "Of what comes after, one position (20 ms) in so many is kept.")
  var tailStep = TranscriptionOptions().tailStep

  @Option(
    help: ArgumentHelp(
      "Recordings that are transcribed at once.",
      discussion: """
        Their windows share the network's steps, which takes less time than one after the other, and more memory. The text \
        is the same, and comes in the order of the recordings.
        """))
  var concurrency = 4

  @OptionGroup(title: "Output") var output: OutputOptions

  @Flag(help: "Print a line of JSON for each recording: text, segments with tokens, timings.")
  var json = false

  @Flag(help: "Say on standard error where the time went.")
  var timings = false

  func run() async throws {
    try await cancelledBySignals { try await transcribeAll() }
  }

  private func transcribeAll() async throws {
    let clock = ContinuousClock()
    let begin = clock.now
    try output.prepare(for: recordings)
    let transcriber = try await modelOption.load(for: options, concurrency: concurrency)
    StandardError.clearProgress()
    if timings { StandardError.message("model loaded in \(seconds((clock.now - begin) / .seconds(1)))") }

    var failed = false
    var begun = BegunTranscriptions(
      recordings: detectLanguage ? [] : recordings, transcriber: transcriber, options: options,
      concurrency: concurrency)
    for recording in recordings {
      try Task.checkCancellation()
      if recordings.count > 1 && !json && output.printsNames {
        try StandardOutput.print("==> \(recording) <==")
      }
      do {
        if detectLanguage {
          try await printLanguages(of: recording, with: transcriber)
        } else {
          if let next = begun.next() { try await print(next) }
        }
      } catch let error where error is CancellationError || error is ExitCode {
        throw error
      } catch {
        failed = true
        StandardError.message("Error: \(error)")
      }
    }
    if timings { StandardError.message("peak memory \(peakMemory() >> 20) MB") }
    if failed { throw ExitCode.recordingFailed }
  }

  private var options: TranscriptionOptions {
    var options = TranscriptionOptions(language: language, task: task, padding: padding, tail: tail)
    options.tailMargin = tailMargin
    options.tailStep = tailStep
    decoding.apply(to: &options)
    return options
  }

  private func printLanguages(of recording: String, with transcriber: Transcriber) async throws {
    for language in try await transcriber.detectLanguage(of: recording, padding: padding) {
      try StandardOutput.print(
        "\(language.code)\t\(String(format: "%.4f", language.probability))\t\(language.name)")
    }
  }

  private func print(_ transcription: BegunTranscriptions.One) async throws {
    let (recording, progress) = (transcription.recording, transcription.progress)
    var segments: [Segment] = []
    var printer = json ? SegmentPrinter(.nothing) : output.printer()
    defer { StandardError.clearProgress() }
    var failure: (any Error)?
    do {
      for try await segment in transcription.segments {
        StandardError.clearProgress()
        segments.append(segment)
        try printer.print(segment)
        progress.show()
      }
    } catch let error where !(error is CancellationError || error is ExitCode) {
      // What could be transcribed is written all the same.
      failure = error
    }
    try Task.checkCancellation()
    if let failure, segments.isEmpty { throw failure }
    StandardError.clearProgress()
    let transcript = Transcript(
      segments: segments, duration: progress.timings?.duration, timings: progress.timings)
    try printer.finish(transcript)
    try output.write(transcript, of: recording)
    if let failure { throw failure }
    if json { try StandardOutput.print(try jsonLine(recording, transcript)) }
    if timings, let timings = progress.timings {
      StandardError.message(
        """
        sound \(seconds(timings.duration)) in \(timings.windows) windows: audio \(seconds(timings.audio)), encoder \
        \(seconds(timings.encoder)), decoder \(seconds(timings.decoder)) for \(timings.tokens) tokens, \
        alignment \(seconds(timings.alignment))
        """)
    }
  }
}

/// What `--json` prints for a recording.
private struct JSONLine: Encodable {
  var file: String
  var text: String
  var segments: [Segment]
  var timings: Timings?
}

private func jsonLine(_ file: String, _ transcript: Transcript) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  let line = JSONLine(
    file: file, text: transcript.text, segments: transcript.segments, timings: transcript.timings)
  return String(decoding: try encoder.encode(line), as: UTF8.self)
}

private func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }

extension TranscriptionOptions.Task: ExpressibleByArgument {}
extension TranscriptionOptions.Padding: ExpressibleByArgument {}
extension TranscriptionOptions.Tail: ExpressibleByArgument {}
