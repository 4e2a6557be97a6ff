// `swiftlet evaluate`: word error rate and speed on anybody's data.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletEvaluation

struct Evaluate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure word error rate and speed on data sets.",
    discussion: """
      A data set is a LibriSpeech folder, a manifest (.tsv or .csv with columns audio and text, or .jsonl with these \
      keys; language and id are optional), or a folder with a manifest.

        swiftlet evaluate ~/.cache/swiftlet/datasets/LibriSpeech/test-clean --model tiny.en
        swiftlet evaluate calls/manifest.csv --model base --model small --precision fp32 --precision int8 \
      --html calls.html

      Each model at each precision on each data set is a row of one table. Results are kept in a journal: the same \
      command resumes where it was interrupted. Exits with 1 if utterances had to be left out, unless --skip-bad is \
      given.
      """)

  @Argument(help: "Data sets: manifests, or folders.", completion: .file())
  var datasets: [String]

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Model: a name, a Hugging Face repository (OWNER/NAME), or a path; repeat for several.",
      valueName: "name-or-path"))
  var model: [String] = ["tiny.en"]

  @Option(
    help: ArgumentHelp(
      "Precision: fp32, fp16, bf16 or int8; repeat for several.",
      discussion:
        "ENCODER/DECODER if they differ, such as int8/fp32. Default: int8 (bf16 on a GPU), or an engine's own."
    ))
  var precision: [PrecisionPair] = []

  @Option(
    name: [.customShort("j"), .long],
    help: "Number of threads (default: one per physical core that this process may use).")
  var threads: Int?

  @OptionGroup var device: DeviceOption

  @OptionGroup var transcription: TranscriptionArguments

  @Option(
    help: ArgumentHelp(
      "Normalizer applied before comparing: english, basic, characters or none.",
      discussion: """
        Default: Whisper's English normalizer for English, its basic one for other languages, by characters for languages \
        written without spaces.
        """))
  var normalizer: Normalization?

  @Option(help: "Number of worst and slowest utterances to show.")
  var show = 3

  @Option(help: "Write all results as JSON to this file.", completion: .file())
  var json: String?

  @Option(
    help: "Write an HTML report to this file, with tables to sort and filter; it needs no network.",
    completion: .file())
  var html: String?

  @Option(
    help: ArgumentHelp(
      "Journal (.jsonl) to write, or to resume from if it belongs to the same runs.",
      discussion: "Default: a journal in the cache, removed once all is done and nothing was left out."),
    completion: .file())
  var results: String?

  @Flag(help: "Exit with 0 even if utterances had to be left out.")
  var skipBad = false

  func validate() throws {
    guard show >= 0 else { throw ValidationError("--show must be 0 or more.") }
    try OutputFile.check([json, html, results])
  }

  func run() async throws {
    try await cancelledBySignals {
      do {
        try await evaluateAll()
      } catch let error where error is CancellationError || error is ExitCode {
        throw error
      } catch let error as DatasetError {
        try fail(error, .recordingFailed)
      } catch let error as JournalError {
        try fail(error, error.isAboutWriting ? .outputFailed : .notUnderstood)
      } catch {
        try fail(error, error.isAboutOptions ? .notUnderstood : .modelFailed)
      }
    }
  }

  private func evaluateAll() async throws {
    let opened = try datasets.map { try Dataset.open($0) }
    var models: [EvaluatedModel] = []
    for name in model {
      for precision in precision.isEmpty ? [nil] : precision.map(Optional.some) {
        models.append(
          try await EvaluatedModel(
            name, precision: precision, device: device.device, threads: threads,
            options: transcription.options))
      }
    }
    StandardError.clearProgress()
    let runs = try models.map { model in
      try opened.map { try model.run(on: $0, options: transcription.options) }
    }
    let journal = try openJournal(of: runs.flatMap { $0 })
    var finished: [RunResult] = []
    for (model, runs) in zip(models, runs) {
      let transcriber = try await model.load()
      for (dataset, run) in zip(opened, runs) {
        finished.append(try await evaluate(dataset, as: run, with: transcriber, journal: journal))
      }
    }
    try report(finished, of: opened)
    let hasProblems = opened.contains { !$0.problems.isEmpty } || finished.contains { !$0.failures.isEmpty }
    // Whoever mends the bad ones need not wait for the others again.
    if hasProblems && !skipBad { throw ExitCode.recordingFailed }
    if results == nil { LocalFile(journal.file.path(percentEncoded: false)).remove() }
  }

  private func openJournal(of runs: [RunIdentity]) throws -> Journal {
    if let results { return try Journal(URL(filePath: results), runs: runs) }
    let folder = ModelStore().folder.appending(path: "evaluations")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return try Journal(folder.appending(path: RunIdentity.fileName(of: runs) + ".jsonl"), runs: runs)
  }

  private func evaluate(
    _ dataset: Dataset, as run: RunIdentity, with transcriber: Transcriber, journal: Journal
  ) async throws -> RunResult {
    let display = EvaluationProgress(of: run, on: dataset)
    defer { StandardError.clearProgress() }
    let canTellMemory = ProcessMemory.resetPeak()
    do {
      return try await SwiftletEvaluation.evaluate(
        dataset, as: run, normalization: normalizer, journal: journal,
        peakMemory: { canTellMemory ? ProcessMemory.peak : nil }, progress: display.show
      ) { try await hypothesis(of: $0, with: transcriber) }
    } catch let error as CancellationError {
      display.interrupted(journal: journal.file)
      throw error
    }
  }

  private func hypothesis(
    of utterance: Utterance, with transcriber: Transcriber
  ) async throws -> Recognition {
    var options = transcription.options
    if let language = utterance.language {
      options.language = language
      options.languageCandidates = []
    }
    let clock = ContinuousClock()
    let begin = clock.now
    let transcript = try await transcriber.transcribe(
      transcription.audio.input(utterance.audio), options: options)
    return Recognition(
      text: transcript.text, language: options.task == .translate ? "en" : transcript.language,
      duration: transcript.duration, seconds: (clock.now - begin) / .seconds(1))
  }

  private func report(_ finished: [RunResult], of opened: [Dataset]) throws {
    let problems = Dictionary(opened.map { ($0.path, $0.problems) }, uniquingKeysWith: { first, _ in first })
    if let json { try OutputFile.write(try jsonReport(of: finished, problems: problems), to: json) }
    if let html { try OutputFile.write(Data(htmlReport(of: finished, problems: problems).utf8), to: html) }
    try StandardOutput.print(
      textReport(of: finished, shown: show, width: Terminal.width, coloured: Terminal.isColoured))
    for dataset in opened { list(dataset.problems, "\(dataset.path)") }
    for result in finished {
      list(result.failures, "\(result.run.model) at \(result.run.precision) on \(result.run.dataset)")
    }
  }

  private func list(_ problems: [DatasetProblem], _ title: String) {
    guard !problems.isEmpty else { return }
    StandardError.message("\nLeft out of \(title): \(problems.count)")
    for problem in problems { StandardError.message("  \(problem)") }
  }
}
