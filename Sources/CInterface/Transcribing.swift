// Recordings to transcripts.

public import CSwiftlet
import Foundation
import Swiftlet

/// What the task tells the thread that called.
private enum Heard: Sendable {
  case segment(Segment)
  case progress(TranscriptionProgress)
}

/// How far a transcription has come.
private struct ProgressBody: Encodable {
  var position: Double
  var duration: Double?
  var timings: Timings
  var notices: [String]

  init(_ progress: TranscriptionProgress) {
    position = progress.position
    duration = progress.duration
    timings = progress.timings
    notices = progress.notices
  }
}

/// Hands C what is heard, and keeps it for the transcript.
private struct Listener {
  let segment: swiftlet_segment_callback?
  let progress: swiftlet_progress_callback?
  let context: UnsafeMutableRawPointer?
  private(set) var segments: [Segment] = []
  private(set) var timings: Timings?
  private var lastWithText: Segment?

  init(
    segment: swiftlet_segment_callback?, progress: swiftlet_progress_callback?,
    context: UnsafeMutableRawPointer?
  ) {
    self.segment = segment
    self.progress = progress
    self.context = context
  }

  var transcript: Transcript {
    Transcript(segments: segments, duration: timings?.duration, timings: timings)
  }

  /// - Returns: whether to go on.
  mutating func take(_ heard: Heard) -> Bool {
    switch heard {
    case .progress(let latest):
      timings = latest.timings
      guard let progress, let text = try? writeJSON(ProgressBody(latest)) else { return true }
      return text.withCString { progress(context, $0) } == 0
    case .segment(let heard):
      let id = segments.count
      segments.append(heard)
      defer { if !heard.spacedText().isEmpty { lastWithText = heard } }
      guard let segment, let json = try? heard.json(id: id, after: lastWithText) else { return true }
      return heard.text.replacing("\0", with: "").withCString { text in
        json.withCString { json in
          var passed = swiftlet_segment(
            size: MemoryLayout<swiftlet_segment>.size, start: heard.start, end: heard.end, text: text,
            json: json)
          return segment(context, &passed) == 0
        }
      }
    }
  }
}

/// A transcript that C can have written in any format.
private final class Written: Sendable {
  let transcript: Transcript

  init(_ transcript: Transcript) { self.transcript = transcript }
}

@c @implementation
public func swiftlet_transcribe(
  _ model: OpaquePointer?, _ audio: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ segment: swiftlet_segment_callback?, _ progress: swiftlet_progress_callback?,
  _ context: UnsafeMutableRawPointer?, _ cancellation: OpaquePointer?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  out?.pointee = nil
  return reporting(error) {
    let transcriber: Transcriber = try Handles.shared.object(model, "model")
    let audio: Audio = try Handles.shared.object(audio, "audio")
    let options = try readOptions(
      options, "options of transcription", as: TranscriptionOptions.self)
    let cancellation = try Cancellation.optional(cancellation)
    let input = audio.input
    var listener = Listener(segment: segment, progress: progress, context: context)
    do {
      try waiting(cancellation) { messages in
        let segments = transcriber.segments(of: input, options: options) { messages.post(.progress($0)) }
        for try await segment in segments { await messages.send(.segment(segment)) }
      } receive: {
        listener.take($0)
      }
      out?.pointee = Handles.shared.add(Written(listener.transcript))
    } catch {
      guard !listener.segments.isEmpty else { throw error }
      out?.pointee = Handles.shared.add(Written(listener.transcript))
      guard var error = error as? SwiftletError, error.code == .unreadableAudio else { throw error }
      error.code = .incompleteAudio
      throw error
    }
  }
}

@c @implementation
public func swiftlet_transcript_format(
  _ transcript: OpaquePointer?, _ format: UnsafePointer<CChar>?, _ subtitles: UnsafePointer<CChar>?,
  _ text: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  text?.pointee = nil
  return reporting(error) {
    guard let text else { throw Misuse("There is no place for the text: text is NULL.") }
    let written: Written = try Handles.shared.object(transcript, "transcript")
    let name = try neededText(format, "format")
    guard let format = OutputFormat(rawValue: name) else {
      let known = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw SwiftletError(
        .invalidOptions, "There is no format \(name.debugDescription); the formats are \(known).",
        subject: "format")
    }
    let subtitles = try readOptions(subtitles, "options of subtitles", as: SubtitleOptions.self)
    try subtitles.check()
    text.pointee = allocated(try written.transcript.formatted(as: format, subtitles: subtitles))
  }
}

@c @implementation
public func swiftlet_transcript_free(_ transcript: OpaquePointer?) {
  Handles.shared.remove(transcript, as: Written.self)
}

@c @implementation
public func swiftlet_check_options(
  _ model: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  reporting(error) {
    let options = try readOptions(
      options, "options of transcription", as: TranscriptionOptions.self)
    guard model != nil else { return try options.check() }
    try Handles.shared.object(model, "model", as: Transcriber.self).check(options)
  }
}
