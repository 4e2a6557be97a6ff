// `swiftlet compare`: Swiftlet against other engines, on the same machine and recordings.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletEvaluation

struct Compare: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare speed and word error rate with other Whisper engines.",
    discussion: """
      Benchmarks/peers/setup in Swiftlet's repository installs the other engines (peers); missing ones are reported and \
      left out. Data sets are those of swiftlet evaluate.

        swiftlet compare "$SWIFTLET_AUDIO/librispeech_test_other" --limit 17 --svg speed.svg
        swiftlet compare calls/manifest.csv --model base --precision int8 --precision int8+fold --peers openvino
        swiftlet compare --long "$SWIFTLET_AUDIO/longform" --precision int8 --precision int8+beam5

      Each engine loads once in its own process, transcribes a recording to warm up, and then transcribes all of them once \
      per pass, engines taking turns. If interrupted, the command prints a table of the complete passes.

      By default, recordings are cut every 30 s, and all engines decode the same windows greedily, without timestamps. \
      With --long, each engine transcribes whole recordings with its own defaults: voice activity detection, beams, \
      fallback, timestamps. The table then also shows words left out and invented, and recordings with an empty text, \
      in which nobody speaks, are included.
      """)

  @Argument(help: "Data set: a manifest, or a folder.", completion: .file())
  var dataset: String

  @Option(
    name: [.short, .long],
    help: "Name of the model; Benchmarks/peers/setup makes the peers' models.")
  var model = "tiny.en"

  @Flag(help: "Transcribe whole recordings, each engine with its own defaults.")
  var long = false

  @Option(
    help: ArgumentHelp(
      "Swiftlet's precision; repeat for several (default: \(Self.names(isLong: false)); with --long: \(Self.names(isLong: true))).",
      discussion: """
        +fold folds the silent tail of windows. With --long, +sequential decodes windows one after the other, and +beamN \
        searches with N beams; they can be combined.
        """))
  var precision: [ComparedPrecision] = []

  @Option(
    help: ArgumentHelp(
      "Peers, separated by commas: names or their beginnings, such as openvino,faster-whisper-int8; or 'all' or 'none'.",
      valueName: "names"))
  var peers = "all"

  @Option(
    help: ArgumentHelp(
      "Python with the peers installed (default: $SWIFTLET_PEERS/bin/python).",
      discussion: "SWIFTLET_PEERS defaults to $XDG_DATA_HOME/swiftlet/peers; see swiftlet --help.",
      valueName: "path"))
  var peersPython: String?

  @Option(
    help: ArgumentHelp(
      "Folder of driver.py (default: the repository's Benchmarks/peers).", valueName: "path"))
  var peersFolder: String?

  @Option(
    name: [.customShort("j"), .long],
    help: "Threads of each engine (default: one per physical core that this process may use).")
  var threads: Int?

  @OptionGroup var device: DeviceOption

  @Option(name: [.short, .long], help: "Language spoken in all recordings.")
  var language = "en"

  @Option(help: "Number of times that each engine transcribes everything.")
  var passes = 3

  @Option(help: ArgumentHelp("Use only the first N recordings of the data set.", valueName: "count"))
  var limit: Int?

  @Option(help: "Write all results as JSON to this file.", completion: .file())
  var json: String?

  @Option(help: "Draw speed against word error rate to this file.", completion: .file())
  var svg: String?

  func validate() throws {
    guard passes > 0 else { throw ValidationError("--passes must be 1 or more.") }
    guard limit.map({ $0 > 0 }) ?? true else { throw ValidationError("--limit must be 1 or more.") }
    guard threads.map({ $0 > 0 }) ?? true else { throw ValidationError("--threads must be 1 or more.") }
    for one in precision {
      if let problem = one.problem(isLong: long) { throw ValidationError(problem) }
    }
    try OutputFile.check([json, svg])
  }

  private static func names(isLong: Bool) -> String {
    ComparedPrecision.standard(isLong: isLong).map(\.description).joined(separator: ", ")
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)  // a driver that ends is noticed by what writing to it returns
    try await cancelledBySignals { try await compare() }
  }

  private func compare() async throws {
    let spoken: String
    let utterances: [Utterance]
    do {
      spoken = try KnownLanguages.code(of: language)
      utterances = try Dataset.open(dataset, allowsEmptyText: long).utterances
    } catch let error as DatasetError {
      try fail(error, .recordingFailed)
    } catch {
      try fail(error, .notUnderstood)
    }
    let chosen = Array(utterances.prefix(limit ?? utterances.count))
    let setup = Setup(
      threads: threads ?? Machine.usableCores, language: spoken, clips: chosen.map(\.audio),
      isLong: long)
    var failures: [Comparison.Failure] = []
    let engines = try await swiftletEngines(setup) + peerEngines(setup, failures: &failures)

    let run = ComparisonRun(clips: chosen.count, failures: failures)
    defer { run.end() }
    var isInterrupted = false
    do {
      for engine in engines { try await run.load(engine) }
      try await run.measure(passes: passes)
    } catch is CancellationError {
      isInterrupted = true
    }
    StandardError.clearProgress()
    if run.contenders.contains(where: { !$0.passes.isEmpty }) {
      try report(run, chosen, setup)
    } else {
      StandardError.message("No pass was finished, so there is nothing to compare.")
    }
    if !isInterrupted && !run.failures.isEmpty { throw ExitCode.recordingFailed }
  }

  private struct Setup {
    let threads: Int
    let language: String
    let clips: [String]
    let isLong: Bool

    func request(model: String) -> ComparisonRequest {
      ComparisonRequest(model: model, threads: threads, language: language, clips: clips, long: isLong)
    }
  }

  private func swiftletEngines(_ setup: Setup) async throws -> [ComparedEngine] {
    let url = try await resolveModel(model)
    do {
      let chosen = precision.isEmpty ? ComparedPrecision.standard(isLong: setup.isLong) : precision
      var engines: [ComparedEngine] = []
      for precision in chosen {
        let engine = try await EngineStore().engine(
          of: url, precisions: precision.precisions, threads: setup.threads,
          progress: showBuilding)
        engines.append(
          ComparedEngine(
            name: precision.name, isSwiftlet: true, request: setup.request(model: engine.path)
          ) {
            try DriverProcess(ownExecutable, ["drive", "--device", "\(device.device)"] + precision.arguments)
          })
      }
      return engines
    } catch let error where error is CancellationError {
      throw error
    } catch {
      try fail(error, .modelFailed)
    }
  }

  private func peerEngines(
    _ setup: Setup, failures: inout [Comparison.Failure]
  ) async throws -> [ComparedEngine] {
    let wanted = peers.split(separator: ",").map(String.init)
    guard wanted != ["none"] else { return [] }
    do {
      let installed = try ComparedPeers(python: peersPython, folder: peersFolder)
      let names = try await installed.names(isLong: setup.isLong)
      let chosen = wanted.map { word in
        word == "all" ? names : names.contains(word) ? [word] : names.filter { $0.hasPrefix(word) }
      }
      for (word, found) in zip(wanted, chosen) where found.isEmpty {
        let known = names.joined(separator: ", ")
        failures.append(
          Comparison.Failure(name: word, reason: "there is no such peer; the peers are \(known)."))
      }
      return names.filter(chosen.joined().contains).map { name in
        ComparedEngine(name: name, isSwiftlet: false, request: setup.request(model: model)) {
          try installed.start(name, threads: setup.threads)
        }
      }
    } catch let error as DriverFailure {
      failures.append(Comparison.Failure(name: "peers", reason: "\(error)"))
      return []
    }
  }

  private func report(_ run: ComparisonRun, _ utterances: [Utterance], _ setup: Setup) throws {
    let duration = run.contenders.lazy.compactMap(\.passes.last).first?.duration ?? 0
    var place = "\(setup.threads) threads"
    if case .cuda = device.device { place += ", Swiftlet on \(device.device)" }
    let title =
      "\(model)\(setup.isLong ? ", whole recordings" : ""), \(place), \(utterances.count) recordings of "
      + "\(String(format: "%.0f", duration)) s, \(run.completePasses) of \(passes) passes"
    let comparison = Comparison(
      title: title, isLong: setup.isLong, contenders: run.contenders, failures: run.failures,
      recordings: utterances.map { Comparison.Recording(id: $0.id, text: $0.text) },
      normalization: Normalization(language: setup.language))
    if let json { try OutputFile.write(try jsonReport(of: comparison), to: json) }
    if let svg, let chart = speedChart(of: comparison) { try OutputFile.write(Data(chart.utf8), to: svg) }
    try StandardOutput.print(comparisonReport(of: comparison))
  }
}
