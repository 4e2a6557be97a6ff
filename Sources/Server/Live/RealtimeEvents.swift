// The events of OpenAI's realtime API, as far as they are about transcription.

#if Server
import Foundation

/// What a client says.
struct ClientEvent: Decodable, Sendable {
  var type: String
  var eventID: String?
  /// Base64.
  var audio: String?
  var session: Session?

  enum CodingKeys: String, CodingKey {
    case type, audio, session
    case eventID = "event_id"
  }

  /// Both shapes of a session: the flat one of the beta, and the nested one after it.
  struct Session: Decodable, Sendable {
    var inputAudioFormat: String?
    var transcription: Transcription?
    /// Nil if it is left as it is; a `Rules` that is nil turns it off.
    var turnDetection: TurnDetection?
    var rate: Int?
    var include: [String]?

    private enum Key: String, CodingKey {
      case audio, include
      case inputAudioFormat = "input_audio_format"
      case transcription = "input_audio_transcription"
      case turnDetection = "turn_detection"
    }

    private enum AudioKey: String, CodingKey { case input }

    private enum InputKey: String, CodingKey {
      case format, transcription
      case turnDetection = "turn_detection"
    }

    private struct Format: Decodable {
      var type: String
      var rate: Int?
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      inputAudioFormat = try container.decodeIfPresent(String.self, forKey: .inputAudioFormat)
      transcription = try container.decodeIfPresent(Transcription.self, forKey: .transcription)
      include = try container.decodeIfPresent([String].self, forKey: .include)
      if container.contains(.turnDetection) {
        turnDetection = TurnDetection(
          rules: try container.decodeIfPresent(TurnDetector.Rules.self, forKey: .turnDetection))
      }
      guard container.contains(.audio) else { return }
      let audio = try container.nestedContainer(keyedBy: AudioKey.self, forKey: .audio)
      guard audio.contains(.input) else { return }
      let input = try audio.nestedContainer(keyedBy: InputKey.self, forKey: .input)
      if let format = try input.decodeIfPresent(Format.self, forKey: .format) {
        inputAudioFormat = format.type == "audio/pcm" ? "pcm16" : format.type
        rate = format.rate
      }
      transcription = try input.decodeIfPresent(Transcription.self, forKey: .transcription) ?? transcription
      if input.contains(.turnDetection) {
        turnDetection = TurnDetection(
          rules: try input.decodeIfPresent(TurnDetector.Rules.self, forKey: .turnDetection))
      }
    }
  }

  struct Transcription: Codable, Sendable {
    var model: String?
    var language: String?
    var prompt: String?
  }

  struct TurnDetection: Sendable {
    var rules: TurnDetector.Rules?
  }
}

/// What the server says; only the fields that belong to an event's type are there.
struct ServerEvent: Encodable, Sendable {
  var type: String
  var eventID = newIdentifier("event_")
  var session: Session?
  var itemID: String?
  var previousItemID: String??
  var audioStart: Int?
  var audioEnd: Int?
  var contentIndex: Int?
  var item: Item?
  var delta: String?
  var transcript: String?
  var logprobs: [TokenLogProbability]?
  var usage: Usage?
  var error: Problem?

  init(_ type: String) { self.type = type }

  enum CodingKeys: String, CodingKey {
    case type, session, item, delta, transcript, logprobs, usage, error
    case eventID = "event_id"
    case itemID = "item_id"
    case previousItemID = "previous_item_id"
    case audioStart = "audio_start_ms"
    case audioEnd = "audio_end_ms"
    case contentIndex = "content_index"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try container.encode(eventID, forKey: .eventID)
    try container.encodeIfPresent(session, forKey: .session)
    try container.encodeIfPresent(itemID, forKey: .itemID)
    if let previousItemID { try container.encode(previousItemID, forKey: .previousItemID) }
    try container.encodeIfPresent(audioStart, forKey: .audioStart)
    try container.encodeIfPresent(audioEnd, forKey: .audioEnd)
    try container.encodeIfPresent(contentIndex, forKey: .contentIndex)
    try container.encodeIfPresent(item, forKey: .item)
    try container.encodeIfPresent(delta, forKey: .delta)
    try container.encodeIfPresent(transcript, forKey: .transcript)
    try container.encodeIfPresent(logprobs, forKey: .logprobs)
    try container.encodeIfPresent(usage, forKey: .usage)
    try container.encodeIfPresent(error, forKey: .error)
  }

  struct Problem: Encodable, Sendable {
    var type: String
    var code: String?
    var message: String
    var param: String?
    /// Of the client's event that it is about.
    var eventID: String?

    enum CodingKeys: String, CodingKey {
      case type, code, message, param
      case eventID = "event_id"
    }
  }

  struct Item: Encodable, Sendable {
    var id: String
    var object = "realtime.item"
    var type = "message"
    var status = "completed"
    var role = "user"
    var content = [Content()]

    struct Content: Encodable, Sendable {
      var type = "input_audio"
      var transcript: String?

      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(transcript, forKey: .transcript)
      }

      enum CodingKeys: String, CodingKey { case type, transcript }
    }
  }

  /// The session, in both shapes at once.
  struct Session: Encodable, Sendable {
    var id: String
    var type: String
    var object: String
    var format: String
    var rate: Int
    var transcription: ClientEvent.Transcription
    var turnDetection: TurnDetector.Rules?
    var include: [String]

    private enum Key: String, CodingKey {
      case id, type, object, audio, include
      case format = "input_audio_format"
      case transcription = "input_audio_transcription"
      case turnDetection = "turn_detection"
      case expiresAt = "expires_at"
    }

    private struct Audio: Encodable { var input: Input }

    private struct Format: Encodable {
      var type = "audio/pcm"
      var rate: Int
    }

    private struct Input: Encodable {
      var format: Format
      var transcription: ClientEvent.Transcription
      var turnDetection: TurnDetector.Rules?

      enum CodingKeys: String, CodingKey {
        case format, transcription
        case turnDetection = "turn_detection"
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(id, forKey: .id)
      try container.encode(type, forKey: .type)
      try container.encode(object, forKey: .object)
      try container.encode(format, forKey: .format)
      try container.encode(transcription, forKey: .transcription)
      try container.encode(turnDetection, forKey: .turnDetection)
      try container.encode(include, forKey: .include)
      try container.encode(0, forKey: .expiresAt)
      try container.encode(
        Audio(
          input: Input(format: Format(rate: rate), transcription: transcription, turnDetection: turnDetection)
        ),
        forKey: .audio)
    }
  }
}
#endif
