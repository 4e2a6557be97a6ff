// Files as answers, whole or in part (RFC 9110, section 14).

#if Server
import Foundation
import HTTPTypes
import Hummingbird

enum FileResponse {
  /// A file, or the range of it that was asked for.
  static func answer(_ request: Request, file: URL, context: ServerContext) async throws -> Response {
    let path = file.path(percentEncoded: false)
    guard let handle = try? FileHandle(forReadingFrom: file), let size = try? handle.seekToEnd() else {
      throw APIError.notFound("The recording is no longer there.", code: "audio_not_found")
    }
    try? handle.seek(toOffset: 0)
    let beginning = (try? handle.read(upToCount: 16)) ?? nil
    try? handle.close()
    var headers: HTTPFields = [
      .contentType: type(of: beginning ?? Data()), .acceptRanges: "bytes", .cacheControl: "private, no-cache",
      // Somebody else's file: a browser must not take it for a page of this server's.
      .contentSecurityPolicy: "default-src 'none'; sandbox",
    ]
    let length = Int(size)
    guard let text = request.headers[.range], let range = range(text, length: length) else {
      return Response(
        status: .ok, headers: headers, body: try await FileIO().loadFile(path: path, context: context))
    }
    guard !range.isEmpty else {
      headers[.contentRange] = "bytes */\(length)"
      return Response(status: .rangeNotSatisfiable, headers: headers)
    }
    headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
    return Response(
      status: .partialContent, headers: headers,
      body: try await FileIO().loadFile(
        path: path, range: range.lowerBound...range.upperBound - 1, context: context))
  }

  /// The bytes of a header `Range`; nil if it is to be ignored, empty if there are no such bytes.
  static func range(_ text: String, length: Int) -> Range<Int>? {
    guard text.hasPrefix("bytes="), !text.contains(",") else { return nil }
    let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2 else { return nil }
    if ends[0].isEmpty {
      guard let count = Int(ends[1]), count >= 0 else { return nil }
      return max(0, length - count)..<length
    }
    guard let first = Int(ends[0]), first >= 0 else { return nil }
    if ends[1].isEmpty { return first < length ? first..<length : 0..<0 }
    guard let last = Int(ends[1]), last >= first else { return nil }
    return first < length ? first..<min(length - 1, last) + 1 : 0..<0
  }

  /// The media type of a file that begins so.
  static func type(of beginning: Data) -> String {
    func begins(_ text: String, at offset: Int = 0) -> Bool {
      beginning.dropFirst(offset).starts(with: text.utf8)
    }
    if begins("RIFF") { return "audio/wav" }
    if begins("fLaC") { return "audio/flac" }
    if begins("OggS") { return "audio/ogg" }
    if begins("ID3") { return "audio/mpeg" }
    if begins("ftyp", at: 4) { return "video/mp4" }
    if beginning.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) { return "video/webm" }
    let start = Array(beginning.prefix(2))
    if start.count == 2, start[0] == 0xFF, start[1] & 0xF6 == 0xF0 { return "audio/aac" }
    if start.count == 2, start[0] == 0xFF, start[1] & 0xE0 == 0xE0 { return "audio/mpeg" }
    return "application/octet-stream"
  }
}
#endif
