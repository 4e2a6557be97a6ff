// `swiftlet transcribe`: recordings to text.

import ArgumentParser
import Foundation
import Swiftlet
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

  @OptionGroup var transcription: TranscriptionArguments

  @Flag(help: "Print the probabilities of the languages in the first 30 s instead, the most probable first.")
  var detectLanguage = false

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
        } else if let next = begun.next() {
          try await tell(next)
        }
      } catch let error where error is CancellationError || error is ExitCode {
        throw error
      } catch let error as InvalidRequest {
        try fail(error, .notUnderstood)
      } catch {
        failed = true
        StandardError.message("Error: \(error)")
      }
    }
    if timings { StandardError.message("peak memory \(peakMemory() >> 20) MB") }
    if failed { throw ExitCode.recordingFailed }
  }

  private var options: TranscriptionOptions {
    var options = transcription.options
    if output.needsWords { options.alignsWords = true }
    return options
  }

  private func printLanguages(of recording: String, with transcriber: Transcriber) async throws {
    for language in try await transcriber.detectLanguage(of: recording, padding: transcription.padding) {
      try StandardOutput.print(
        "\(language.code)\t\(String(format: "%.4f", language.probability))\t\(language.name)")
    }
  }

  private func tell(_ begun: BegunTranscriptions.One) async throws {
    let (recording, progress) = (begun.recording, begun.progress)
    var segments: [Segment] = []
    var printer = json ? SegmentPrinter(.nothing) : output.printer()
    defer { StandardError.clearProgress() }
    var failure: (any Error)?
    do {
      for try await segment in begun.segments {
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
    if json {
      try StandardOutput.print(
        json: JSONLine(
          file: recording, text: transcript.text, segments: transcript.segments, timings: transcript.timings))
    }
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

private func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }
