// Recordings transcribed side by side, and shown in the order in which they were given.

import ArgumentParser
import Foundation
import Swiftlet

/// Goes through the recordings of one command. What goes wrong with one is reported, and the others go on.
struct TranscriptionRun {
  let recordings: [PlannedRecording]
  let output: OutputOptions
  /// Print a line of JSON for each recording.
  let json: Bool
  /// Print where the time went.
  let showsTimings: Bool
  private(set) var summary: RunSummary
  private var running: [RunningTranscription] = []
  private var hasChannels = false

  init(_ recordings: [PlannedRecording], output: OutputOptions, json: Bool, showsTimings: Bool) {
    self.recordings = recordings
    self.output = output
    self.json = json
    self.showsTimings = showsTimings
    summary = RunSummary(of: recordings.count)
  }

  /// Transcribes `concurrency` recordings at a time.
  ///
  /// - Throws: `CancellationError` or `ExitCode.outputFailed` if standard output can't be written. What was transcribed until
  ///   then has been written to files.
  mutating func run(
    with transcriber: Transcriber, options: TranscriptionOptions, audio: AudioArguments, concurrency: Int
  ) async throws {
    hasChannels = audio.channels == .separate
    var waiting = recordings[...]
    do {
      for (index, recording) in recordings.enumerated() {
        try Task.checkCancellation()
        while running.count < concurrency, let next = waiting.popFirst() {
          guard case .transcribe(let folder) = next.step else { continue }
          running.append(
            RunningTranscription(
              next.path, from: audio.input(next.path), with: transcriber, options: options, to: folder))
        }
        try await show(recording, number: index + 1)
      }
    } catch {
      for transcription in running { transcription.cancel() }
      // Several have begun that were not shown yet; their files are written and said to be.
      while !running.isEmpty { try? await finish(running.removeFirst(), SegmentPrinter(.nothing)) }
      throw error
    }
  }

  /// Shows what there is without a transcriber: what can't be transcribed, or need not be.
  mutating func showAll() async throws {
    for (index, recording) in recordings.enumerated() { try await show(recording, number: index + 1) }
  }

  private mutating func show(_ recording: PlannedRecording, number: Int) async throws {
    switch recording.step {
    case .skip:
      summary.addSkipped()
      if recordings.count == 1 {
        StandardError.message(
          "\(LocalFile(recording.path).displayedPath): skipped: its transcript already exists.")
      }
      if json { try StandardOutput.print(json: TranscriptLine.skipped(recording.path)) }
    case .fail(let problem, let code):
      StandardError.message("Error: \(problem)")
      summary.add(failed: recording.path, code)
      if json {
        try StandardOutput.print(
          json: TranscriptLine(recording.path, Transcript(segments: []), error: problem))
      }
    case .transcribe:
      if recordings.count > 1 && !json && output.printsNames {
        try StandardOutput.print("==> \(LocalFile(recording.path).displayedPath) <==")
      }
      let transcription = running.removeFirst()
      var printer = json ? SegmentPrinter(.nothing) : output.printer(channels: hasChannels)
      var languages = DetectedLanguages(of: recordings.count > 1 ? recording.path : nil)
      let place = recordings.count > 1 ? "\(number) of \(recordings.count)" : nil
      do {
        defer { StandardError.clearProgress() }
        for await segment in transcription.segments {
          StandardError.clearProgress()
          if let message = languages.message(of: segment.language, probability: segment.languageProbability) {
            StandardError.message(message)
          }
          try printer.print(segment)
          transcription.progress.show(place)
        }
        try Task.checkCancellation()
      } catch {
        running.insert(transcription, at: 0)
        for transcription in running { transcription.cancel() }
        if error is CancellationError { try await finish(running.removeFirst(), printer) }
        throw error
      }
      try await finish(transcription, printer)
    }
  }

  /// Waits for the end of a transcription and tells what became of it.
  private mutating func finish(_ transcription: RunningTranscription, _ printer: SegmentPrinter) async throws
  {
    var printer = printer
    let outcome = await transcription.outcome
    let transcript = outcome.transcript
    let path = transcription.recording
    StandardError.clearProgress()
    transcription.progress.notices.forEach { StandardError.message($0) }
    let hasText = outcome.failure == nil || !transcript.segments.isEmpty
    defer { report(outcome, of: path) }
    if hasText { try printer.finish(transcript) }
    if json {
      let error = (outcome.failure ?? outcome.writingFailure).map {
        outcome.isInterrupted ? "interrupted" : "\($0)"
      }
      try StandardOutput.print(json: TranscriptLine(path, transcript, error: error))
    }
  }

  private mutating func report(_ outcome: RunningTranscription.Outcome, of path: String) {
    for file in outcome.files {
      StandardError.message(
        "\(outcome.isPartial ? "Written in part" : "Written"): \(LocalFile(file).displayedPath)")
    }
    let duration = outcome.transcript.duration
    if let failure = outcome.failure, !outcome.isInterrupted { StandardError.message("Error: \(failure)") }
    if let failure = outcome.writingFailure { StandardError.message("Error: \(adviceOnWriting(failure))") }
    if outcome.writingFailure != nil {
      summary.add(failed: path, .outputFailed, transcribed: duration)
    } else if let failure = outcome.failure {
      if !outcome.isInterrupted {
        summary.add(
          failed: path, failure.isAboutOptions ? .notUnderstood : .recordingFailed, transcribed: duration)
      }
    } else {
      summary.add(transcribed: duration)
    }
    if showsTimings, let timings = outcome.transcript.timings { StandardError.message(text(of: timings)) }
  }

  /// Why a transcript was not written, and what to do where the library can't know it.
  private func adviceOnWriting(_ error: any Error) -> String {
    guard let error = error as? SwiftletError, error.code == .fileExists, let file = error.subject else {
      return "\(error)"
    }
    return "\(file) was created in the meantime and was not replaced; use --overwrite to replace it."
  }

  private func text(of timings: Timings) -> String {
    """
    sound \(seconds(timings.duration)) in \(timings.windows) windows: audio \(seconds(timings.audio)), encoder \
    \(seconds(timings.encoder)), decoder \(seconds(timings.decoder)) for \(timings.tokens) tokens, \
    alignment \(seconds(timings.alignment))
    """
  }
}

/// Seconds, for `--timings`.
func seconds(_ value: Double) -> String { String(format: "%.3f s", value) }
