// `swiftlet drive`: Swiftlet as `swiftlet compare` runs it, beside the drivers of its peers.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletEvaluation

/// Speaks the protocol of Benchmarks/peers/driver.py, so that Swiftlet is measured as all others are: loaded once, warm,
/// with a process and so a peak of memory of its own. Unlike them it reads the recordings' files in the time that counts.
struct Drive: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answers swiftlet compare.", shouldDisplay: false)

  @Option var tail: TranscriptionOptions.Tail = .exact
  /// For long recordings, as is the beam size: in clips, windows are decoded one after the other, greedily.
  @Flag var sequential = false
  @Option var beamSize: Int?
  @Option var device: ComputeDevice = .automatic

  func run() async throws {
    guard let line = readLine() else { return }
    let request = try JSONDecoder().decode(ComparisonRequest.self, from: Data(line.utf8))
    let clock = ContinuousClock()
    let begin = clock.now
    let transcriber = try await Transcriber.load(
      URL(filePath: request.model), device: device, threads: request.threads)
    let load = (clock.now - begin) / .seconds(1)
    let options = request.long ? userOptions(request.language) : windowOptions(request.language)
    try transcriber.check(options)
    _ = try await pass(over: Array(request.clips.prefix(1)), transcriber, options)
    try answer(ComparisonReady(load: load))
    while readLine() == "go" {
      try answer(try await pass(over: request.clips, transcriber, options))
    }
  }

  /// As users transcribe: our defaults, but for what is to be compared with them.
  private func userOptions(_ language: String) -> TranscriptionOptions {
    var options = TranscriptionOptions(language: language)
    options.sequential = sequential
    if let beamSize { options.decoding.beamSize = beamSize }
    return options
  }

  /// As all drivers decode windows: the most probable tokens of each, whatever they are.
  private func windowOptions(_ language: String) -> TranscriptionOptions {
    var options = TranscriptionOptions(language: language)
    options.windows.tail = tail
    options.sequential = true
    options.windows.timestamps = false
    options.fallback.temperatures = [0]
    options.fallback.noSpeechThreshold = nil
    options.voiceActivity.hallucinationGuard = false
    return options
  }

  private func pass(
    over clips: [String], _ transcriber: Transcriber, _ options: TranscriptionOptions
  ) async throws -> ComparedPass {
    let clock = ContinuousClock()
    let begin = clock.now
    var timings = Timings()
    var texts: [String] = []
    for clip in clips {
      let transcript = try await transcriber.transcribe(.file(path: clip), options: options)
      texts.append(transcript.text)
      if let one = transcript.timings {
        timings.add(one)
        timings.duration += one.duration
      }
    }
    return ComparedPass(
      seconds: (clock.now - begin) / .seconds(1), encoder: timings.encoder, decoder: timings.decoder,
      windows: timings.windows, tokens: timings.tokens, duration: timings.duration,
      memory: ProcessMemory.peak,
      texts: texts)
  }

  private func answer(_ content: some Encodable) throws {
    try StandardOutput.print(String(decoding: try JSONEncoder().encode(content), as: UTF8.self))
  }
}
