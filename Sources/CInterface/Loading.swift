// Models: loading, and what they are.

public import CSwiftlet
import Foundation
import Swiftlet

/// How a model is loaded.
private struct LoadOptions: Decodable {
  var encoder: EnginePrecision?
  var decoder: EnginePrecision?
  var device: ComputeDevice?
  var threads: Int?
  var concurrency: Int?
  var cache: String?
  var offline: Bool?

  init(from decoder: any Decoder) throws {
    let keys = try KnownKeys(
      ["encoder", "decoder", "device", "threads", "concurrency", "cache", "offline"], of: decoder)
    encoder = try keys.value("encoder")
    self.decoder = try keys.value("decoder")
    device = try keys.value("device")
    threads = try keys.value("threads")
    concurrency = try keys.value("concurrency")
    cache = try keys.value("cache")
    offline = try keys.value("offline")
  }

  var precisions: EnginePrecisions? {
    guard encoder != nil || decoder != nil else { return nil }
    let standard = EnginePrecisions.standard(on: device ?? .automatic)
    return EnginePrecisions(encoder: encoder ?? standard.encoder, decoder: decoder ?? standard.decoder)
  }

  var store: ModelStore {
    var store = ModelStore(folder: cache.map { URL(filePath: $0, directoryHint: .isDirectory) })
    if let offline { store.isOffline = offline }
    return store
  }
}

/// A step of loading.
private struct LoadStep: Encodable {
  var stage: String
  var step = ""
  var model: String?
  var source: String?
  var file: String?
  var path: String?
  var reason: String?
  var encoder: EnginePrecision?
  var decoder: EnginePrecision?
  var done: Int64?
  var total: Int64?

  init(_ progress: LoadProgress) {
    switch progress {
    case .fetching(let progress):
      stage = "fetching"
      take(progress)
    case .building(let progress):
      stage = "building"
      take(progress)
    }
  }

  private mutating func take(_ progress: ModelStore.Progress) {
    switch progress {
    case .waiting(let model): (step, self.model) = ("waiting", model)
    case .trying(let source): (step, self.source) = ("trying", source)
    case .downloading(let source, let file, let done, let total):
      (step, self.source, self.file) = ("downloading", source, file)
      (self.done, self.total) = (done, total)
    case .verifying(let file): (step, self.file) = ("verifying", file)
    case .unpacking(let file): (step, self.file) = ("unpacking", file)
    case .failed(let source, let reason):
      (step, self.source, self.reason) = ("failed", source, reason)
    case .finished(let url): (step, path) = ("finished", url.path(percentEncoded: false))
    }
  }

  private mutating func take(_ progress: EngineStore.Progress) {
    switch progress {
    case .waiting(let model): (step, self.model) = ("waiting", model)
    case .building(let model, let precisions):
      (step, self.model) = ("building", model)
      (encoder, decoder) = (precisions.encoder, precisions.decoder)
    case .written(let done, let total):
      (step, self.done, self.total) = ("written", Int64(done), Int64(total))
    case .discarded(let reason): (step, self.reason) = ("discarded", reason)
    case .notKept(let reason): (step, self.reason) = ("not_kept", reason)
    case .finished(let url): (step, path) = ("finished", url.path(percentEncoded: false))
    }
  }
}

@c @implementation
public func swiftlet_load(
  _ model: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?, _ progress: swiftlet_load_callback?,
  _ context: UnsafeMutableRawPointer?, _ cancellation: OpaquePointer?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  out?.pointee = nil
  return reporting(error) {
    guard let out else { throw Misuse("There is no place for the model: out is NULL.") }
    let name = try neededText(model, "model's name")
    let options = try readOptions(options, "options of loading", as: LoadOptions.self)
    let cancellation = try Cancellation.optional(cancellation)
    let transcriber = try waiting(cancellation) { messages in
      try await Transcriber.load(
        name, device: options.device ?? .automatic, precisions: options.precisions, threads: options.threads,
        concurrency: options.concurrency ?? 4, store: options.store
      ) { messages.post($0) }
    } receive: { (step: LoadProgress) in
      guard let progress, let text = try? writeJSON(LoadStep(step)) else { return true }
      return text.withCString { progress(context, $0) } == 0
    }
    out.pointee = Handles.shared.add(transcriber)
  }
}

@c @implementation
public func swiftlet_model_free(_ model: OpaquePointer?) {
  Handles.shared.remove(model, as: Transcriber.self)
}

/// What a model is.
private struct ModelInformation: Encodable {
  var multilingual: Bool
  var languages: [String: String]

  init(_ transcriber: Transcriber) {
    multilingual = transcriber.isMultilingual
    languages = Transcriber.languageNames.filter { code, _ in
      (try? transcriber.check(TranscriptionOptions(language: code))) != nil
    }
  }
}

@c @implementation
public func swiftlet_model_information(_ model: OpaquePointer?) -> UnsafeMutablePointer<CChar>? {
  guard let transcriber = try? Handles.shared.object(model, "model", as: Transcriber.self),
    let text = try? writeJSON(ModelInformation(transcriber))
  else { return nil }
  return allocated(text)
}
