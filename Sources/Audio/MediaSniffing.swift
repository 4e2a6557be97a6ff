// What a few bytes of a file tell before FFmpeg has read it, or when it could not.

/// Looks at containers that can't be read, to say why.
enum MediaSniffing {
  private static let clusterIdentifier: [UInt8] = [0x1F, 0x43, 0xB6, 0x75]
  private static let ebmlIdentifier: [UInt8] = [0x1A, 0x45, 0xDF, 0xA3]
  /// Bytes in which a cluster of a WebM stream that was cut anywhere should begin.
  private static let clusterRange = 256 << 10
  /// Bytes of a pipe that are read ahead at most.
  private static let longestLook = 1 << 20

  /// How much of a pipe must be read ahead to know a WAV header, if it begins with one.
  static func lookAhead(_ bytes: ByteSource, _ name: String) throws(AudioError) -> Int {
    let start = try bytes.peek(12, name)
    guard
      start.starts(with: "RIFF".utf8) || ["RF64", "BW64"].contains(where: { start.starts(with: $0.utf8) })
        || start.starts(with: "riff".utf8)
    else { return 12 }
    var count = 256
    while count < longestLook {
      let seen = try bytes.peek(count, name)
      if seen.count < count || WaveHeader({ Array(seen.dropFirst($0).prefix($1)) }) != nil { break }
      count *= 2
    }
    return count
  }

  /// Whether an MP4 has its data before its index, so that a pipe would have to be read to its end first.
  static func hasIndexAtEnd(_ bytes: ByteSource, _ name: String) throws(AudioError) -> Bool {
    let boxes = try MP4Boxes(until: ["moov", "moof", "mdat"]) { (offset, count) throws(AudioError) in
      guard offset <= longestLook - count else { return [] }
      return Array(try bytes.peek(offset + count, name).dropFirst(offset))
    }
    return boxes.isMP4 && boxes.names.last == "mdat"
  }

  /// Whether a file is an MP4 that has no index at all.
  static func lacksIndex(_ bytes: ByteSource) -> Bool {
    guard bytes.isSeekable, let boxes = try? MP4Boxes(until: ["moov"], { bytes.bytes(at: $0, $1) })
    else { return false }
    return boxes.isMP4 && boxes.names.last != "moov"
  }

  /// Whether a file holds pieces of a WebM stream but not its beginning.
  static func isHeadlessWebM(_ bytes: ByteSource) -> Bool {
    let start = bytes.isSeekable ? bytes.bytes(at: 0, clusterRange) : bytes.beginning
    return !start.starts(with: ebmlIdentifier) && start.firstRange(of: clusterIdentifier) != nil
  }
}

/// The boxes at the top of an MP4, as far as they can be seen (ISO/IEC 14496-12, section 4.2).
private struct MP4Boxes {
  private(set) var names: [String] = []

  private static let known: Set<String> = [
    "ftyp", "styp", "moov", "moof", "mdat", "free", "skip", "wide", "uuid", "sidx", "pdin", "emsg", "prft",
    "pnot",
  ]

  /// - Parameter last: names of boxes behind which nothing is looked at.
  init(until last: Set<String>, _ bytes: (_ offset: Int, _ count: Int) throws(AudioError) -> [UInt8])
    throws(AudioError)
  {
    var offset = 0
    while names.count < 64, names.last.map({ !last.contains($0) }) ?? true {
      let header = try bytes(offset, 16)
      guard header.count >= 8 else { return }
      let name = String(decoding: header[4..<8], as: UTF8.self)
      guard Self.known.contains(name) else { return }
      names.append(name)
      var size = header[..<4].reduce(0) { $0 << 8 | Int($1) }
      if size == 1, header.count == 16 {
        size = header[8...].reduce(0) { ($0 & 0x7F_FFFF_FFFF_FFFF) << 8 | Int($1) }
      }
      guard size >= 8, offset < Int.max - size else { return }
      offset += size
    }
  }

  var isMP4: Bool { names.first == "ftyp" || names.first == "styp" || names.contains("mdat") }
}
