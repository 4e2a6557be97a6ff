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
    if let given: SubtitleOptions = try reader.json("subtitles") { subtitles = given }
    model = try reader.text("model")
    if let language = try reader.text("language"), !language.isEmpty { options.language = language }
    if let prompt = try reader.text("prompt"), !prompt.isEmpty { options.initialPrompt = prompt }
    if let hotwords = try reader.text("hotwords"), !hotwords.isEmpty { options.hotwords = hotwords }
    if let temperature = try reader.number("temperature", in: 0...1), temperature > 0 {
      let temperatures = try? TranscriptionOptions.Fallback.temperatures(from: temperature, increment: 0.2)
      options.fallback.temperatures = temperatures ?? [temperature]
    }
    if let address = try reader.text("url") {
      guard let url = URL(string: address), ["http", "https"].contains(url.scheme?.lowercased()) else {
        throw .invalid("url is not an address that begins with http:// or https://.", param: "url")
      }
      self.url = url
    }
    try readSound(&reader)
    if endpoint == .jobs {
      if let address = try reader.text("webhook_url") {
        guard let url = URL(string: address), ["http", "https"].contains(url.scheme?.lowercased()),
          url.host() != nil
        else { throw .invalid("webhook_url is not an address.", param: "webhook_url") }
        webhook = url
      }
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
      switch text {
      case "mix": channels = .mix
      case "separate": channels = .separate
      default:
        guard let number = Int(text), number > 0 else {
          throw .invalid("channels must be mix, separate, or the number of a channel.", param: "channels")
        }
        channels = .one(number)
      }
    }
    guard let strategy = try reader.text("chunking_strategy"), strategy != "auto" else { return }
    guard
      let rules = try? JSONDecoder().decode(ServerVAD.self, from: Data(strategy.utf8)),
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

  private struct ServerVAD: Decodable {
    var type: String
    var threshold: Double?
    var prefixPadding: Double?
    var silenceDuration: Double?

    enum CodingKeys: String, CodingKey {
      case type, threshold
      case prefixPadding = "prefix_padding_ms"
      case silenceDuration = "silence_duration_ms"
    }
  }
}

/// Reads fields by their names, and knows at the end which nobody asked for.
struct FieldReader {
  private var fields: [String: [String]] = [:]

  init(_ fields: [UploadedForm.Field]) {
    for field in fields {
      // Lists are sent as `name[]`, or as `name` several times, or `name[0]`.
      let name = field.name.firstIndex(of: "[").map { String(field.name[..<$0]) } ?? field.name
      self.fields[name, default: []].append(field.value)
    }
  }

  mutating func text(_ name: String) throws(APIError) -> String? {
    guard let values = fields.removeValue(forKey: name) else { return nil }
    guard values.count == 1 else {
      throw .invalid("The field \(name) is there more than once.", param: name)
    }
    guard !values[0].contains("\0") else {
      throw .invalid("The field \(name) has a zero byte in it.", param: name)
    }
    return values[0]
  }

  mutating func number(_ name: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
    guard let text = try text(name), !text.isEmpty else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw .invalid("\(name) must be a number from \(range.lowerBound) to \(range.upperBound).", param: name)
    }
    return number
  }

  mutating func flag(_ name: String) throws(APIError) -> Bool? {
    guard let text = try text(name) else { return nil }
    switch text.lowercased() {
    case "true", "1": return true
    case "false", "0", "": return false
    default: throw .invalid("\(name) must be true or false.", param: name)
    }
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, of type: Choice.Type
  ) throws(APIError) -> Choice? where Choice.RawValue == String {
    guard let text = try text(name), !text.isEmpty else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("\(name) must be one of these: \(names).", param: name)
    }
    return choice
  }

  mutating func list(_ name: String, of choices: Set<String>) throws(APIError) -> Set<String> {
    let values = Set(fields.removeValue(forKey: name) ?? [])
    guard values.isSubset(of: choices) else {
      throw .invalid("\(name) can have these: \(choices.sorted().joined(separator: ", ")).", param: name)
    }
    return values
  }

  mutating func json<Value: Decodable>(_ name: String) throws(APIError) -> Value? {
    guard let text = try text(name), !text.isEmpty else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
      DecodingError.valueNotFound(_, let context), DecodingError.keyNotFound(_, let context)
    {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw .invalid("\(name)\(path.isEmpty ? "" : " (\(path))"): \(context.debugDescription)", param: name)
    } catch {
      throw .invalid("\(name) can't be read: \(error)", param: name)
    }
  }

  /// - Throws: ``APIError`` if there are fields that nobody asked for.
  func finish() throws(APIError) {
    guard let name = fields.keys.min() else { return }
    throw .invalid(
      "There is no field \(name.prefix(100)) here; leave it out.", param: String(name.prefix(100)),
      code: "unknown_field")
  }
}
#endif
