// Languages of recordings, and where somebody speaks in them.

public import CSwiftlet
import Swiftlet

/// Which languages are looked for.
private struct LanguageOptions: Decodable {
  var candidates: [String]
  var padding: TranscriptionOptions.Padding

  init(from decoder: any Decoder) throws {
    let keys = try KnownKeys(["candidates", "padding"], of: decoder)
    candidates = try keys.value("candidates") ?? []
    padding = try keys.value("padding") ?? .silence
  }
}

@c @implementation
public func swiftlet_detect_language(
  _ model: OpaquePointer?, _ audio: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ cancellation: OpaquePointer?, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  json?.pointee = nil
  return reporting(error) {
    guard let json else { throw Misuse("There is no place for the languages: json is NULL.") }
    let transcriber: Transcriber = try Handles.shared.object(model, "model")
    let audio: Audio = try Handles.shared.object(audio, "audio")
    let options = try readOptions(
      options, "options of language detection", as: LanguageOptions.self)
    let input = audio.input
    let languages = try waiting(try Cancellation.optional(cancellation)) {
      try await transcriber.detectLanguage(
        of: input, padding: options.padding, candidates: options.candidates)
    }
    json.pointee = allocated(try writeJSON(languages))
  }
}

/// The network is the same for all calls.
private let detector = Result { try VoiceActivityDetector() }

/// Where somebody speaks.
private struct SpeechBody: Encodable {
  struct Stretch: Encodable {
    var start: Double
    var end: Double
  }

  var duration: Double
  var speech: [Stretch]

  init(_ activity: VoiceActivity, _ options: VoiceActivityOptions) throws {
    duration = activity.duration
    speech = try activity.speech(options).map { Stretch(start: $0.start, end: $0.end) }
  }
}

@c @implementation
public func swiftlet_voice_activity(
  _ audio: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ cancellation: OpaquePointer?,
  _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  json?.pointee = nil
  return reporting(error) {
    guard let json else { throw Misuse("There is no place for the speech: json is NULL.") }
    let audio: Audio = try Handles.shared.object(audio, "audio")
    let options = try readOptions(
      options, "options of voice activity", as: VoiceActivityOptions.self)
    try options.check()
    let detector = try detector.get()
    let input = audio.input
    do {
      let activity = try waiting(try Cancellation.optional(cancellation)) {
        try await detector.activity(of: input)
      }
      json.pointee = allocated(try writeJSON(SpeechBody(activity, options)))
    } catch let error as SwiftletError {
      if let activity = error.partialResult as? VoiceActivity {
        json.pointee = allocated(try writeJSON(SpeechBody(activity, options)))
      }
      throw error
    }
  }
}
