// The models that `swiftlet evaluate` puts side by side.

import ArgumentParser
import Foundation
import Swiftlet
import SwiftletEvaluation

/// A precision for both engines, or one for the encoder and one for the decoder: `bf16`, `int8/fp32`.
struct PrecisionPair: ExpressibleByArgument {
  let precisions: EnginePrecisions

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
      .map { EnginePrecision(rawValue: String($0)) }
    guard let encoder = parts.first ?? nil, let decoder = parts.last ?? nil, parts.count < 3 else {
      return nil
    }
    precisions = EnginePrecisions(encoder: encoder, decoder: decoder)
  }
}

/// A model at one precision, its engine built.
struct EvaluatedModel {
  /// As it was asked for.
  let name: String
  let engine: URL
  private let identity: EngineIdentity
  private let device: ComputeDevice
  private let threads: Int?

  /// Fetches and builds what is missing, and finds out whether the model can do what `options` ask.
  ///
  /// - Parameter precision: nil for what an engine has, or the standard one.
  init(
    _ name: String, precision: PrecisionPair?, device: ComputeDevice, threads: Int?,
    options: TranscriptionOptions
  ) async throws {
    let url = try await resolveModel(name)
    self.name = name
    self.device = device
    self.threads = threads
    let isPlain = !EngineStore.isEngine(at: url)
    engine = try await EngineStore().engine(
      of: url, precisions: precision?.precisions ?? (isPlain ? .standard(on: device) : nil), threads: threads,
      progress: showBuilding)
    identity = try EngineIdentity(of: engine)
    try await load().check(options)
  }

  func load() async throws -> Transcriber {
    try await Transcriber.load(engine, device: device, threads: threads)
  }

  /// For the journal: everything that texts and times depend on.
  func run(on dataset: Dataset, options: TranscriptionOptions) throws -> RunIdentity {
    var told = try optionValues(options)
    told["threads"] = threads.map(String.init) ?? "default"
    if case .cuda = device { told["device"] = "\(device)" }
    return RunIdentity(
      dataset: dataset.path, model: name, publishedModel: identity.publishedModel,
      digest: identity.checkpoint, precision: identity.precisions, options: told,
      version: "\(SwiftletCommand.configuration.version) (\(try ExecutableDigest.value.get()))")
  }
}

/// Says which program this is: what another build computes must not be mixed with what this one does.
private enum ExecutableDigest {
  /// The first digits of the SHA-256, computed once, when it is asked for.
  static let value = Result {
    String(try sha256(ofFile: ownExecutable.resolvingSymlinksInPath()).prefix(12))
  }
}

/// The options that are set, by name: `decoding.beamSize` and so on.
private func optionValues(_ options: TranscriptionOptions) throws -> [String: String] {
  func flat(_ value: Any, _ name: String) -> [String: String] {
    guard let group = value as? [String: Any] else { return [name: "\(value)"] }
    return group.reduce(into: [:]) { result, option in
      result.merge(flat(option.value, name.isEmpty ? option.key : "\(name).\(option.key)")) { $1 }
    }
  }
  return flat(try JSONSerialization.jsonObject(with: JSONEncoder().encode(options)), "")
}
