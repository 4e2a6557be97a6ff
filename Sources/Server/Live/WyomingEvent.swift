// Messages of the Wyoming protocol (https://github.com/OHF-Voice/wyoming).

#if Server
import Foundation
import NIOCore

/// A message: a line of JSON, more JSON, and bytes.
struct WyomingEvent {
  var type: String
  var data: [String: Any] = [:]
  var payload: [UInt8] = []

  init(_ type: String, _ data: [String: Any] = [:]) {
    self.type = type
    self.data = data
  }

  enum Failure: Error {
    case malformed
    case tooLarge
  }

  /// Bytes of a header's line, and of what follows it.
  private static let lineLimit = 65_536
  private static let partLimit = 1 << 22

  /// The next message in a buffer, which loses its bytes; nil if more must come first.
  static func next(in buffer: inout ByteBuffer) throws(Failure) -> WyomingEvent? {
    let view = buffer.readableBytesView
    guard let end = view.firstIndex(of: UInt8(ascii: "\n")) else {
      if view.count > lineLimit { throw .tooLarge }
      return nil
    }
    let line = Data(view[view.startIndex..<end])
    guard line.count <= lineLimit else { throw .tooLarge }
    guard let header = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
      let type = header["type"] as? String
    else { throw .malformed }
    let dataLength = header["data_length"] as? Int ?? 0
    let payloadLength = header["payload_length"] as? Int ?? 0
    guard (0...partLimit).contains(dataLength), (0...partLimit).contains(payloadLength) else {
      throw .tooLarge
    }
    guard view.count >= line.count + 1 + dataLength + payloadLength else { return nil }
    buffer.moveReaderIndex(forwardBy: line.count + 1)
    var event = WyomingEvent(type, header["data"] as? [String: Any] ?? [:])
    if dataLength > 0 {
      guard let bytes = buffer.readBytes(length: dataLength),
        let more = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
      else { throw .malformed }
      event.data.merge(more) { _, new in new }
    }
    event.payload = buffer.readBytes(length: payloadLength) ?? []
    return event
  }

  /// The message as bytes.
  var bytes: ByteBuffer {
    let data = (try? JSONSerialization.data(withJSONObject: data, options: [.sortedKeys])) ?? Data("{}".utf8)
    let header = JSON.string(
      Header(type: type, dataLength: data.count, payloadLength: payload.isEmpty ? nil : payload.count))
    var buffer = ByteBuffer(string: header + "\n")
    buffer.writeBytes(data)
    buffer.writeBytes(payload)
    return buffer
  }

  private struct Header: Encodable {
    var type: String
    var version = "1.5.2"
    var dataLength: Int
    var payloadLength: Int?

    enum CodingKeys: String, CodingKey {
      case type, version
      case dataLength = "data_length"
      case payloadLength = "payload_length"
    }
  }
}
#endif
