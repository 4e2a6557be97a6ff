// Live sound as samples.

#if Server
import Foundation
import Swiftlet

/// The samples in bytes that come piece by piece; a sample may be spread over two pieces.
struct SampleReader {
  let format: AudioInput.SampleFormat
  private var rest: [UInt8] = []

  init(_ format: AudioInput.SampleFormat) { self.format = format }

  mutating func samples(in bytes: some Collection<UInt8>) -> [Float] {
    rest += bytes
    let size = format == .s16le ? 2 : 4
    let count = rest.count / size
    defer { rest.removeFirst(count * size) }
    return rest.withUnsafeBytes { buffer in
      (0..<count).map { index in
        switch format {
        case .s16le:
          Float(Int16(littleEndian: buffer.loadUnaligned(fromByteOffset: index * 2, as: Int16.self))) / 32_768
        case .f32le:
          Float(
            bitPattern: UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
          )
        }
      }
    }
  }
}

/// What a client asks of live sound: the query of `/v1/stream`.
struct LiveRequest: Sendable {
  enum Format: String, CaseIterable, Sendable {
    case s16le, f32le
    /// Anything that FFmpeg can read while it comes.
    case container

    var samples: AudioInput.SampleFormat? { AudioInput.SampleFormat(rawValue: rawValue) }
  }

  var model: String?
  var format = Format.s16le
  var sampleRate = 16_000
  var options = TranscriptionOptions()
  var streaming = StreamingOptions()

  /// - Throws: ``APIError`` for names that are unknown and values that can't be meant.
  init(query: [(name: String, value: String)]) throws(APIError) {
    var reader = FieldReader(query.map { UploadedForm.Field(name: $0.name, value: $0.value) })
    if let given: TranscriptionOptions = try reader.json("options") { options = given }
    model = try reader.text("model")
    if let language = try reader.text("language"), !language.isEmpty { options.language = language }
    if let prompt = try reader.text("prompt"), !prompt.isEmpty { options.initialPrompt = prompt }
    if let hotwords = try reader.text("hotwords"), !hotwords.isEmpty { options.hotwords = hotwords }
    if let format = try reader.choice("format", of: Format.self) { self.format = format }
    if let text = try reader.text("sample_rate") {
      guard let rate = Int(text), (8_000...192_000).contains(rate) else {
        throw .invalid("sample_rate must be a number from 8000 to 192000.", param: "sample_rate")
      }
      sampleRate = rate
    }
    if let step = try reader.number("step", in: 0.1...10) { streaming.step = step }
    try reader.finish()
  }
}

extension String {
  /// The names and values of a query, decoded.
  var queryItems: [(name: String, value: String)] {
    let items = URLComponents(string: "?" + self)?.queryItems ?? []
    return items.map { ($0.name, $0.value ?? "") }
  }
}
#endif
