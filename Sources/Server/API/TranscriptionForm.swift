// What a form asks for.

#if Server
import Foundation
import Swiftlet

/// A request for a transcription, as its form has it.
struct TranscriptionForm: Sendable {
  enum ResponseFormat: String, CaseIterable, Sendable {
    case json, text, srt, vtt, tsv, lrc, csv
    case verboseJSON = "verbose_json"

    /// The library's, where it is one of its own.
    var output: OutputFormat? {
      switch self {
      case .json, .verboseJSON: nil
      case .text: .txt
      default: OutputFormat(rawValue: rawValue)
      }
    }

    var contentType: String {
      switch self {
      case .json, .verboseJSON: "application/json; charset=utf-8"
      case .vtt: "text/vtt; charset=utf-8"
      case .srt: "application/x-subrip; charset=utf-8"
      case .csv: "text/csv; charset=utf-8"
      case .tsv: "text/tab-separated-values; charset=utf-8"
      case .text, .lrc: "text/plain; charset=utf-8"
      }
    }
  }

  /// The kinds of requests, which take different fields.
  enum Endpoint: Sendable {
    case transcriptions, translations, jobs
  }

  var model: String?
  var url: URL?
  var options = TranscriptionOptions()
  var subtitles = SubtitleOptions()
  var format = ResponseFormat.json
  var givesSegments = true
  var givesWords = false
  var givesLogProbabilities = false
  var isStreamed = false
  var track: Int?
  var channels = AudioInput.Channels.mix
  var webhook: URL?

  /// - Throws: ``APIError`` for fields that are unknown, twice there, or can't be meant.
  init(_ fields: [UploadedForm.Field], for endpoint: Endpoint) throws(APIError) {
    var reader = FieldReader(fields)
    // First, so that fields of their own are not replaced.
    if let given: TranscriptionOptions = try reader.json("options") {
      options = given
    }
    if endpoint == .translations { options.task = .translate }
    if endpoint == .jobs, let task = try reader.choice("task", of: TranscriptionOptions.SpeechTask.self) {
      options.task = task
    }
    if let given: SubtitleOptions = try reader.json("subtitles") {
      do {
        try given.check()
      } catch {
        throw .invalid(error.message, param: "subtitles")
      }
      subtitles = given
    }
    model = try reader.text("model")
    if let language = try reader.text("language"), !language.isEmpty { options.language = language }
    if let prompt = try reader.text("prompt"), !prompt.isEmpty { options.initialPrompt = prompt }
    if let hotwords = try reader.text("hotwords"), !hotwords.isEmpty { options.hotwords = hotwords }
    if let temperature = try reader.number("temperature", in: 0...1), temperature > 0 {
      let temperatures = try? TranscriptionOptions.Fallback.temperatures(from: temperature, increment: 0.2)
      options.fallback.temperatures = temperatures ?? [temperature]
    }
    url = try reader.webAddress("url")
    try readSound(&reader)
    if endpoint == .jobs {
      webhook = try reader.webAddress("webhook_url")
      givesWords = true
    } else {
      try readResponse(&reader)
    }
    try reader.finish()
    if format.output?.isStreamed ?? false || endpoint == .jobs { options.words.aligned = true }
    if givesWords { options.words.timestamps = true }
  }

  private mutating func readSound(_ reader: inout FieldReader) throws(APIError) {
    if let text = try reader.text("track") {
      guard let number = Int(text), number > 0 else {
        throw .invalid("track must be a number from 1 on.", param: "track")
      }
      track = number
    }
    if let text = try reader.text("channels") {
      guard let known = AudioInput.Channels(text) else {
        throw .invalid("channels must be mix, separate, or the number of a channel.", param: "channels")
      }
      channels = known
    }
    guard let strategy = try reader.jsonText("chunking_strategy"), strategy != "auto" else { return }
    guard
      let rules = try? JSONDecoder().decode(ServerVoiceActivity.self, from: Data(strategy.utf8)),
      rules.type == "server_vad"
    else {
      throw .invalid(
        "chunking_strategy must be auto, or an object with the type server_vad.", param: "chunking_strategy")
    }
    var chunks = VoiceActivityOptions.chunks
    if let threshold = rules.threshold { chunks.threshold = threshold }
    if let milliseconds = rules.silenceDuration { chunks.minimumSilence = milliseconds / 1000 }
    if let milliseconds = rules.prefixPadding { chunks.padding = milliseconds / 1000 }
    do {
      try chunks.check()
    } catch {
      throw .invalid(error.message, param: "chunking_strategy")
    }
    options.voiceActivity.rules = chunks
  }

  private mutating func readResponse(_ reader: inout FieldReader) throws(APIError) {
    if let format = try reader.choice("response_format", of: ResponseFormat.self) { self.format = format }
    if let stream = try reader.flag("stream") { isStreamed = stream }
    let granularities = try reader.list("timestamp_granularities", of: ["segment", "word"])
    if !granularities.isEmpty {
      guard format == .verboseJSON || isStreamed else {
        throw .invalid(
          "timestamp_granularities need the response_format verbose_json.", param: "timestamp_granularities")
      }
      givesSegments = granularities.contains("segment")
      givesWords = granularities.contains("word")
    } else if isStreamed {
      givesSegments = false
    }
    givesLogProbabilities = try reader.list("include", of: ["logprobs"]).contains("logprobs")
    if givesLogProbabilities, format != .json {
      throw .invalid("logprobs need the response_format json.", param: "include")
    }
    if isStreamed, format != .json, format != .text, format != .verboseJSON {
      throw .invalid(
        "With stream, response_format must be json, verbose_json or text.", param: "response_format")
    }
  }
}
#endif
