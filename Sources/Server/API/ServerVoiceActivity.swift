// OpenAI's `server_vad`, as clients write it.

#if Server
/// How speech is told from silence; what is nil is left to whoever reads it.
struct ServerVoiceActivity: Codable, Sendable {
  var type: String?
  var threshold: Double?
  /// Milliseconds of sound before speech that belong to it.
  var prefixPadding: Double?
  /// Milliseconds of silence that end a turn, or a chunk.
  var silenceDuration: Double?

  enum CodingKeys: String, CodingKey {
    case type, threshold
    case prefixPadding = "prefix_padding_ms"
    case silenceDuration = "silence_duration_ms"
  }
}
#endif
