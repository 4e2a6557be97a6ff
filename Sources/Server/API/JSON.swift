// JSON as this server writes it.

#if Server
import Foundation
import HTTPTypes
import Hummingbird

enum JSON {
  static func data(_ value: some Encodable) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    // What is written here are plain structures of text and numbers, which can always be encoded.
    return (try? encoder.encode(value)) ?? Data("null".utf8)
  }

  static func string(_ value: some Encodable) -> String { String(decoding: data(value), as: UTF8.self) }

  static func buffer(_ value: some Encodable) -> ByteBuffer { ByteBuffer(bytes: data(value)) }

  static func response(
    _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    var headers = headers
    headers[.contentType] = "application/json; charset=utf-8"
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: buffer(value)))
  }
}
#endif
