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
        an int8 encoder folds with --no-timestamps (not with --padding zeros), and all else is exact.
        """))
  var tail: TranscriptionOptions.Tail?

  @Option(
    help:
      "Seconds after the sound that are kept whole where the tail is folded; 1, or 0.5 without timestamps.")
  var tailMargin: Double?

  @Option(help: "Of what comes after, one position (20 ms) in so many is kept.")
  var tailStep = TranscriptionOptions().tailStep

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
    let transcriber = try await modelOption.load(for: options)
    StandardError.clearProgress()
    if timings { StandardError.message("model loaded in \(seconds((clock.now - begin) / .seconds(1)))") }

    var failed = false
    for recording in recordings {
      try Task.checkCancellation()
      if recordings.count > 1 && !json { try StandardOutput.print("==> \(recording) <==") }
      do {
        if detectLanguage {
          try await printLanguages(of: recording, with: transcriber)
        } else {
          try await transcribe(recording, with: transcriber)
        }
      } catch let error where error is CancellationError || error is ExitCode {
        throw error
      } catch let error as InvalidRequest {
        StandardError.message("Error: \(error)")
        throw ExitCode.notUnderstood
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

  private func transcribe(_ recording: String, with transcriber: Transcriber) async throws {
    let progress = LastProgress()
    var segments: [Segment] = []
    defer { StandardError.clearProgress() }
    for try await segment in transcriber.segments(of: recording, options: options, progress: progress.update)
    {
      StandardError.clearProgress()
      if json {
        segments.append(segment)
      } else {
        try StandardOutput.print(segment.text)
      }
      progress.show()
    }
    try Task.checkCancellation()
    if json { try StandardOutput.print(try jsonLine(recording, segments, progress.timings)) }
    if timings, let timings = progress.timings {
      StandardError.message(
        """
        sound \(seconds(timings.duration)) in \(timings.windows) windows: audio \(seconds(timings.audio)), encoder \
        \(seconds(timings.encoder)), decoder \(seconds(timings.decoder)) for \(timings.tokens) tokens
        """)
    }
  }
}

/// What `--json` prints for a recording.
private struct Transcript: Encodable {
  var file: String
  var text: String
  var segments: [Segment]
  var timings: Timings?
}

private func jsonLine(_ file: String, _ segments: [Segment], _ timings: Timings?) throws -> String {
  let text = segments.map(\.text).filter { !$0.isEmpty }.joined(separator: " ")
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(
    decoding: try encoder.encode(
      Transcript(file: file, text: text, segments: segments, timings: timings)), as: UTF8.self)
}

private func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }

extension TranscriptionOptions.Task: ExpressibleByArgument {}
extension TranscriptionOptions.Padding: ExpressibleByArgument {}
extension TranscriptionOptions.Tail: ExpressibleByArgument {}
