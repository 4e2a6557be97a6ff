// `swiftlet transcribe`: recordings to text.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletCompute

struct Transcribe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints what is said in recordings.",
    discussion: """
      Sound and video of any format that FFmpeg reads, of any length; it is cut into windows of 30 s for now, and \
      each prints a line.

        swiftlet transcribe talk.flac > talk.txt
        swiftlet transcribe --model base --language fr interview.m4a
        swiftlet transcribe --model base --task translate interview.m4a
        curl -s https://example.org/talk.mp3 | swiftlet transcribe -
      """)

  @Argument(
    help: "Recordings; - is standard input.", completion: .file())
  var recordings: [String]

  @OptionGroup var modelOption: ModelOption

  @OptionGroup var transcription: TranscriptionArguments

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
    let transcriber = try await modelOption.load(for: transcription.options)
    StandardError.clearProgress()
    if timings { StandardError.message("model loaded in \(seconds((clock.now - begin) / .seconds(1)))") }

    var failed = false
    for recording in recordings {
      try Task.checkCancellation()
      if recordings.count > 1 && !json { try StandardOutput.print("==> \(recording) <==") }
      do {
        try await transcribe(recording, with: transcriber)
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

  private func transcribe(_ recording: String, with transcriber: Transcriber) async throws {
    let progress = LastProgress()
    var segments: [Segment] = []
    defer { StandardError.clearProgress() }
    for try await segment in transcriber.segments(
      of: recording, options: transcription.options, progress: progress.update)
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
