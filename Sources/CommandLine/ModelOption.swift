// `--model` and the precisions, and how they become a file, a folder or an engine.

public import ArgumentParser
import Foundation
public import Swiftlet
import SwiftletEvaluation

extension EnginePrecision: ExpressibleByArgument {}

extension ComputeDevice: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
  public var defaultValueDescription: String { description }
}

/// What runs a model.
struct DeviceOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Device to run on: cpu, cuda, cuda:N or auto.",
      discussion:
        "cuda is the first NVIDIA GPU, cuda:N number N, from 0. auto is the CPU until the GPU kernels are proven."
    ))
  var device: ComputeDevice = .automatic
}

/// The precisions of an engine.
struct PrecisionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Precision of encoder and decoder: fp32, fp16, bf16 or int8.",
      discussion: "Default: int8 (bf16 on a GPU), or an engine's own precision."))
  var precision: EnginePrecision?

  @Option(help: "Precision of the encoder, if different.")
  var encoderPrecision: EnginePrecision?

  @Option(help: "Precision of the decoder, if different.")
  var decoderPrecision: EnginePrecision?

  /// Nil if nothing was asked for.
  ///
  /// - Parameter device: what the model is to run on.
  func precisions(on device: ComputeDevice = .automatic) -> EnginePrecisions? {
    guard precision != nil || encoderPrecision != nil || decoderPrecision != nil else { return nil }
    let standard = EnginePrecisions.standard(on: device)
    return EnginePrecisions(
      encoder: encoderPrecision ?? precision ?? standard.encoder,
      decoder: decoderPrecision ?? precision ?? standard.decoder)
  }
}

/// Which model to use.
struct ModelOption: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Model to use: a name such as small, a Hugging Face repository, or a path.",
      discussion: """
        Names (see `swiftlet pull --list`) and repositories (OWNER/NAME[@REVISION]) are fetched on first use. A path may \
        lead to an engine, a Hugging Face or CTranslate2 folder, an OpenAI .pt or a whisper.cpp .bin.
        """,
      valueName: "name-or-path"))
  var model = "tiny.en"

  @OptionGroup var precision: PrecisionOptions

  @OptionGroup var device: DeviceOption

  @Option(
    name: [.customShort("j"), .long],
    help: "Number of threads (default: one per physical core that this process may use).")
  var threads: Int?

  @Flag(
    help: ArgumentHelp(
      "Verify the engine first, against the digests taken when it was built.",
      discussion: "The model must be an engine folder."))
  var verify = false

  /// The model, loaded, its engine built first if need be; errors are reported, and whether it can do what `options` ask.
  func load(for options: TranscriptionOptions, concurrency: Int = 1) async throws -> Transcriber {
    let url = try await resolveModel(model)
    do {
      if verify { try await EngineStore.verify(url) }
      let device = device.device
      let transcriber = try await Transcriber.load(
        url, device: device, precisions: precision.precisions(on: device), threads: threads,
        concurrency: concurrency, progress: showLoading)
      try transcriber.check(options)
      return transcriber
    } catch let error where error is CancellationError {
      throw error
    } catch {
      try fail(error, error.isAboutOptions ? .notUnderstood : .modelFailed)
    }
  }
}

/// The file or folder of a model, fetched with progress if need be; errors are reported.
func resolveModel(_ nameOrPath: String) async throws -> URL {
  do {
    return try await ModelStore().resolve(nameOrPath, progress: showFetching)
  } catch {
    try fail(error, .modelFailed)
  }
}

/// Tells a person how a model is being loaded.
@Sendable func showLoading(_ progress: LoadProgress) {
  switch progress {
  case .fetching(let step): showFetching(step)
  case .building(let step): showBuilding(step)
  }
}

/// Tells a person how a model is being fetched.
@Sendable func showFetching(_ progress: ModelStore.Progress) {
  switch progress {
  case .waiting(let model): StandardError.message("Another swiftlet is fetching \(model); waiting.")
  case .trying(let source): StandardError.message("Fetching from \(source)")
  case .downloading(_, let file, let done, let total):
    let share = total.map { " of \(megabytes($0))" } ?? ""
    StandardError.progress("  \(file): \(megabytes(done))\(share) MB")
  case .verifying(let file): StandardError.progress("  \(file): verifying")
  case .unpacking(let file): StandardError.progress("  \(file): unpacking")
  case .failed(let source, let reason): StandardError.message("  \(source) failed: \(reason)")
  case .finished(let url): StandardError.message("Ready: \(url.path)")
  }
}

/// Tells a person how an engine is being built.
@Sendable func showBuilding(_ progress: EngineStore.Progress) {
  switch progress {
  case .waiting(let model):
    StandardError.message("Another swiftlet is building an engine from \(model); waiting.")
  case .building(let model, let precisions):
    StandardError.message(
      "Building an engine from \(model): encoder \(precisions.encoder.rawValue), decoder \(precisions.decoder.rawValue)"
    )
  case .written(let done, let total):
    StandardError.progress("  \(megabytes(Int64(done))) of \(megabytes(Int64(total))) MB")
  case .discarded(let reason): StandardError.message("Rebuilding the engine in the cache: \(reason)")
  case .notKept(let reason):
    StandardError.message(
      "Can't keep the engine in the cache (\(reason)); building it in the temporary folder, for this run only."
    )
  case .finished(let url): StandardError.message("Ready: \(url.path)")
  }
}
