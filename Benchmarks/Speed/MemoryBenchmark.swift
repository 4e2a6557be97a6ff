// How much memory a recording takes while it is transcribed, beside others.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletCompute
import SwiftletWhisper

/// Prints the peak of the resident memory with one recording, and what each further one adds.
///
/// A full prompt goes before the window, so that the caches are as full as they ever are: with random weights, which seldom
/// come to an end, to the last position; with real ones as far as the text goes.
func benchmarkMemory(models: [String], recording: String, precision: Precision) async throws {
  guard resetPeakMemory() else {
    throw ValidationError("This system does not tell how much memory is used at most.")
  }
  print("model                     beam   one recording, MB   each further one, MB")
  for name in models {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "swiftlet-benchmark-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let isFile = FileManager.default.fileExists(atPath: name)
    if !isFile {
      guard let size = publishedSizes.first(where: { $0.name == name }) else {
        throw ValidationError("\(name) is neither a size nor a model.")
      }
      try EngineBuilder(
        checkpoint: try RandomCheckpoint(size.dimensions), model: name, encoderPrecision: precision,
        decoderPrecision: precision, context: try ComputeContext()
      ).build(into: folder)
    }
    let title = isFile ? URL(filePath: name).lastPathComponent : "\(name), random"
    for beamSize in [1, 5] {
      let transcriber = try Transcriber(model: isFile ? URL(filePath: name) : folder, concurrency: 3)
      let one = try await peak(of: 1, recording, transcriber, beamSize)
      let three = try await peak(of: 3, recording, transcriber, beamSize)
      print(
        title + String(repeating: " ", count: max(1, 27 - title.count))
          + String(
            format: "%3d %19.0f %22.1f", beamSize, Double(one) / 1e6, Double(three - one) / 2e6))
      fflush(nil)
    }
  }
}

/// The most memory while `count` copies of a recording's first 30 s are transcribed side by side.
private func peak(
  of count: Int, _ recording: String, _ transcriber: Transcriber, _ beamSize: Int
) async throws -> Int {
  var options = TranscriptionOptions(language: transcriber.isMultilingual ? "en" : nil)
  options.decoding.beamSize = beamSize
  options.fallback.temperatures = [0]
  options.fallback.noSpeechThreshold = nil
  options.voiceActivity.hallucinationGuard = false
  options.voiceActivity.omissionGuard = false
  options.clipTimestamps = [0, 30]
  options.initialPrompt = String(repeating: "And so my fellow Americans, ", count: 60)
  guard resetPeakMemory() else { return 0 }
  try await withThrowingTaskGroup(of: Void.self) { group in
    for _ in 0..<count {
      group.addTask { [options] in
        _ = try await transcriber.transcribe(.file(URL(filePath: recording)), options: options)
      }
    }
    try await group.waitForAll()
  }
  return peakMemory()
}
