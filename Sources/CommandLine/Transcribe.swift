// `swiftlet transcribe`: recordings to text.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletEvaluation

struct Transcribe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Transcribe recordings.",
    discussion: """
      Reads audio and video in any format that FFmpeg supports, of any length; prints one line per segment.

        swiftlet transcribe talk.flac > talk.txt
        swiftlet transcribe --model base --language fr interview.m4a
        swiftlet transcribe *.mp3 --output-dir transcripts --output-format srt --output-format vtt
        swiftlet transcribe -r talks --output-beside --skip-existing
        swiftlet transcribe --model base --task translate interview.m4a
        swiftlet transcribe --model base --beam-size 5 --initial-prompt "Swiftlet, Whisper" talk.flac
        curl -s https://example.org/talk.mp3 | swiftlet transcribe -
      """)

  @Argument(
    help: "Recordings; - is stdin.", completion: .file())
  var recordings: [String] = []

  @Flag(
    name: [.short, .long],
    help: ArgumentHelp(
      "Transcribe the audio and video files in folders and all folders below them.",
      discussion:
        "Files are recognized by their extensions. Hidden files and links to folders are left out."))
  var recursive = false

  @Option(
    help: ArgumentHelp(
      "Read names of recordings from this file; - is stdin.",
      discussion: "One per line, or each followed by a zero byte, as find -print0 writes them.",
      valueName: "file"),
    completion: .file())
  var filesFrom: String?

  @OptionGroup var modelOption: ModelOption

  @OptionGroup var transcription: TranscriptionArguments

  @Flag(help: "Print the languages the recording may be in, most probable first; don't transcribe.")
  var detectLanguage = false

  @Option(
    help: ArgumentHelp(
      "Recordings to transcribe at once.",
      discussion: """
        Their windows share the network's steps, which is faster than one after the other and takes more memory. The text is \
        the same, in the order of the recordings.
        """))
  var concurrency = 4

  @OptionGroup(title: "Output") var output: OutputOptions

  @Flag(
    help: ArgumentHelp(
      "Print a line of JSON per recording: file, text, segments with tokens, language and its probability, duration, timings.",
      discussion: """
        If it failed, error says why, and text holds what was transcribed before. With --output-dir or --output-beside, files \
        are written as well.
        """))
  var json = false

  @Flag(help: "Print where the time went, to stderr.")
  var timings = false

  func validate() throws {
    if recordings.isEmpty, filesFrom == nil { throw ValidationError("Missing the recordings to transcribe.") }
    if filesFrom == "-", recordings.contains("-") {
      throw ValidationError("Standard input can't be both a recording and the list of --files-from.")
    }
    if json, !output.outputFormat.isEmpty, !output.writesFiles {
      throw ValidationError(
        "--json and --output-format can't share stdout; use one of them, or write files with --output-dir.")
    }
    if json, output.printTimes == true || output.printColors {
      throw ValidationError(
        "--json prints times and probabilities itself; leave out --print-times and --print-colors.")
    }
    if detectLanguage, output.writesFiles || !output.outputFormat.isEmpty {
      throw ValidationError("--detect-language prints to stdout only; leave out the options for transcripts.")
    }
  }

  func run() async throws {
    try await cancelledBySignals { try await transcribeAll() }
  }

  private func transcribeAll() async throws {
    let clock = ContinuousClock()
    let begin = clock.now
    let finder = RecordingFinder(try recordings + listed(), isRecursive: recursive)
    let planned = try output.plan(finder.found)
    guard planned.contains(where: \.isToTranscribe) else {
      var run = TranscriptionRun(planned, output: output, json: json, showsTimings: timings)
      try await run.showAll()
      return try end(run)
    }
    let transcriber = try await modelOption.load(for: options, concurrency: concurrency)
    StandardError.clearProgress()
    if timings { StandardError.message("model loaded in \(seconds((clock.now - begin) / .seconds(1)))") }
    defer {
      if timings { StandardError.message("peak memory \(memory(ProcessMemory.peak)) MB") }
    }
    if detectLanguage { return try await detectLanguages(of: planned, with: transcriber) }
    var run = TranscriptionRun(planned, output: output, json: json, showsTimings: timings)
    do {
      try await run.run(
        with: transcriber, options: options, audio: transcription.audio, concurrency: concurrency)
    } catch {
      if planned.count > 1 { StandardError.message(run.summary.text) }
      throw error
    }
    try end(run)
  }

  private func end(_ run: TranscriptionRun) throws {
    if run.recordings.count > 1 { StandardError.message(run.summary.text) }
    if let code = run.summary.exitCode { throw code }
  }

  /// The names in the list of `--files-from`.
  private func listed() throws -> [String] {
    guard let filesFrom else { return [] }
    do {
      return RecordingFinder.names(in: try LocalFile(filesFrom).contents())
    } catch {
      StandardError.message("Error: \(LocalFile(filesFrom).displayedPath) cannot be read: \(error).")
      throw ExitCode.notUnderstood
    }
  }

  private var options: TranscriptionOptions {
    var options = transcription.options
    if output.needsWords { options.words.aligned = true }
    return options
  }

  private func detectLanguages(of recordings: [PlannedRecording], with transcriber: Transcriber) async throws
  {
    var failed = false
    for recording in recordings {
      try Task.checkCancellation()
      let path = recording.path
      if recordings.count > 1 && !json {
        try StandardOutput.print("==> \(LocalFile(path).displayedPath) <==")
      }
      var line = TranscriptLine(path)
      do {
        if case .fail(let problem, _) = recording.step { throw RecordingProblem(description: problem) }
        let languages = try await transcriber.detectLanguage(
          of: transcription.audio.input(path), padding: transcription.padding,
          candidates: transcription.spoken.languageCandidates.names,
          notice: { StandardError.message($0) })
        line.languages = languages
        for language in languages where !json {
          try StandardOutput.print(
            "\(language.code)\t\(String(format: "%.4f", language.probability))\t\(language.name)")
        }
      } catch let error where error is CancellationError || error is ExitCode {
        throw error
      } catch  where error.isAboutOptions {
        try fail(error, .notUnderstood)
      } catch {
        failed = true
        line.error = "\(error)"
        StandardError.message("Error: \(error)")
      }
      if json { try StandardOutput.print(json: line) }
    }
    if failed { throw ExitCode.recordingFailed }
  }
}

/// What is wrong with a recording before it was opened.
private struct RecordingProblem: Error, CustomStringConvertible {
  let description: String
}
