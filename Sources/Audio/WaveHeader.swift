// How much sound a WAV file holds, whatever its header says.

/// The header of a RIFF, RF64 or Wave64 file, as far as the size of its samples goes.
///
/// Recorders write 0 or the largest number while they do not know the size yet, a size of 32 bits wraps at 4 GB, and a
/// recorder that dies leaves what it last wrote. So the size is believed only if what follows the samples are further
/// chunks to the end of the file, or if the file is too short for it.
///
/// Sources: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (1991); EBU Tech 3306 (RF64);
/// Sony, "Wave64 File Format" (2003).
struct WaveHeader: Equatable {
  enum Kind: Equatable {
    case riff, rf64, wave64
  }

  static let chunkHeaderLength = 8

  var kind: Kind
  /// Where the samples begin.
  var dataOffset: Int
  /// Bytes of samples that the header declares.
  var declaredSize: UInt64
  /// Where the declared size stands, and how many bytes it has there.
  var sizeOffset: Int
  /// Bytes of one second of sound; 0 if that is not said.
  var byteRate: Int
  /// What the samples are; nil if they are not stored as they are, or that is not said.
  var format: WaveFormat?

  /// Reads a header.
  ///
  /// - Parameter bytes: gives some of the file's bytes from an offset on, fewer at the end.
  /// - Returns: nil if it is no WAV file, or has no samples.
  init?(_ bytes: (_ offset: Int, _ count: Int) -> [UInt8]) {
    let start = bytes(0, 40)
    if start.starts(with: Self.wave64Riff) {
      self.init(wave64: bytes)
    } else if start.count > 12, start[8..<12].elementsEqual("WAVE".utf8),
      let kind = start.starts(with: "RIFF".utf8)
        ? Kind.riff : start.starts(with: "RF64".utf8) || start.starts(with: "BW64".utf8) ? .rf64 : nil
    {
      self.init(kind, bytes)
    } else {
      return nil
    }
  }

  private init?(_ kind: Kind, _ bytes: (Int, Int) -> [UInt8]) {
    var offset = 12
    var byteRate = 0
    var format: WaveFormat?
    /// In RF64 the size of 64 bits stands in a chunk of its own.
    var wide: (offset: Int, size: UInt64)?
    for _ in 0..<Self.mostChunks {
      let header = bytes(offset, 36)
      guard header.count >= 8 else { return nil }
      let size = Int(header.number(at: 4, 4))
      let name = header[..<4]
      if name.elementsEqual("data".utf8) {
        self.kind = kind
        dataOffset = offset + 8
        self.byteRate = byteRate
        self.format = format
        if kind == .rf64, let wide {
          (sizeOffset, declaredSize) = (wide.offset, wide.size)
        } else {
          (sizeOffset, declaredSize) = (offset + 4, UInt64(size))
        }
        return
      }
      if name.elementsEqual("fmt ".utf8), header.count >= 20 {
        byteRate = Int(header.number(at: 16, 4))
        format = WaveFormat(chunk: bytes(offset + 8, min(size, Self.formatLength)))
      }
      if name.elementsEqual("ds64".utf8), header.count >= 24 {
        wide = (offset + 16, header.number(at: 16, 8))
      }
      offset += 8 + size + size % 2
    }
    return nil
  }

  private init?(wave64 bytes: (Int, Int) -> [UInt8]) {
    var offset = 40
    var byteRate = 0
    var format: WaveFormat?
    for _ in 0..<Self.mostChunks {
      let header = bytes(offset, 40)
      guard header.count >= 24 else { return nil }
      let size = header.number(at: 16, 8)
      if header.starts(with: "data".utf8) {
        kind = .wave64
        dataOffset = offset + 24
        sizeOffset = offset + 16
        // The size of a chunk counts its header.
        declaredSize = size < 24 ? 0 : size - 24
        self.byteRate = byteRate
        self.format = format
        return
      }
      if header.starts(with: "fmt ".utf8), header.count >= 36 {
        byteRate = Int(header.number(at: 32, 4))
        format = WaveFormat(chunk: bytes(offset + 24, Self.formatLength))
      }
      guard size >= 24, size < 1 << 40 else { return nil }
      offset += (Int(size) + 7) / 8 * 8
    }
    return nil
  }

  /// Seconds that the header declares; nil if it does not know.
  var declaredSeconds: Double? {
    guard byteRate > 0, !isUnknown else { return nil }
    return Double(declaredSize) / Double(byteRate)
  }

  /// Whether the declared size only says that the size was not known: 0, or near the largest number that 31 or 32 bits hold.
  var isUnknown: Bool {
    switch declaredSize {
    case 0, 0x7FFF_0000...0x8000_0100, 0xFFFF_0000...0xFFFF_FFFF: true
    default: declaredSize >= 1 << 62
    }
  }

  /// Bytes of samples in a file; nil where the header's own size is right, or too large because the file was cut short.
  ///
  /// - Parameters:
  ///   - fileSize: of the whole file.
  ///   - bytes: gives some of its bytes.
  func actualSize(fileSize: Int, _ bytes: (_ offset: Int, _ count: Int) -> [UInt8]) -> Int? {
    let available = max(0, fileSize - dataOffset)
    guard declaredSize <= UInt64(available) else { return isUnknown ? available : nil }
    let end = dataOffset + Int(declaredSize)
    if declaredSize == 0, available == 0 { return nil }
    if isFollowedByChunks(from: end, fileSize: fileSize, bytes) { return declaredSize == 0 ? 0 : nil }
    return available
  }

  /// The bytes that say the size as it is.
  func patch(size: Int) -> ByteSource.Patch {
    switch kind {
    case .riff:
      // More than 32 bits can say means to the end of the file.
      let value = size == 0 || UInt64(size) >= 0xFFFF_FFFF ? UInt64(0xFFFF_FFFF) : UInt64(size)
      return .init(offset: sizeOffset, bytes: value.bytes(4))
    case .rf64:
      // Without a chunk of 64-bit sizes, the size is that of the data chunk.
      return .init(offset: sizeOffset, bytes: UInt64(size).bytes(sizeOffset == dataOffset - 4 ? 4 : 8))
    case .wave64: return .init(offset: sizeOffset, bytes: (UInt64(size) + 24).bytes(8))
    }
  }

  /// Whether what follows the samples, as it comes through a pipe, is another chunk.
  func isChunk(_ following: [UInt8]) -> Bool {
    if kind == .wave64 { return following.count >= 4 && Self.isName(following[..<4]) }
    // After an odd number of bytes there is one of padding, with some recorders.
    return Self.isKnownName(following.prefix(4)) || Self.isKnownName(following.dropFirst().prefix(4))
  }

  private func isFollowedByChunks(from end: Int, fileSize: Int, _ bytes: (Int, Int) -> [UInt8]) -> Bool {
    if kind == .wave64 {
      let aligned = (end + 7) / 8 * 8
      return fileSize - end < 24 || Self.isName(bytes(aligned, 4)[...])
    }
    // Some recorders leave the byte of padding out.
    return [end + Int(declaredSize % 2), end].contains { begin in
      var offset = begin
      for _ in 0..<Self.mostChunks {
        let header = bytes(offset, 8)
        if header.count < 8 { return header.allSatisfy { $0 == 0 } }
        guard Self.isName(header[..<4]) else { return false }
        offset += 8 + Int(header.number(at: 4, 4))
        // A chunk of a known kind may itself be cut short.
        if offset > fileSize { return Self.isKnownName(header[..<4]) }
        offset += offset % 2 == begin % 2 ? 0 : 1
      }
      return false
    }
  }

  private static let mostChunks = 1_000
  /// Bytes of a `fmt ` chunk in which all is said.
  private static let formatLength = 40
  /// `riff` in small letters and the rest of Wave64's identifier for it.
  private static let wave64Riff: [UInt8] = [
    0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00,
  ]
  private static let knownNames: Set<String> = [
    "LIST", "list", "id3 ", "ID3 ", "bext", "iXML", "cue ", "smpl", "fact", "JUNK", "junk", "PAD ", "FLLR",
    "afsp", "_PMX",
    "inst", "plst", "labl", "note", "axml", "chna", "cart", "DISP", "PEAK", "peak", "levl", "minf", "elm1",
    "regn", "umid",
    "SAUR", "MEXT", "acid", "strc", "INFO", "UMID", "ds64", "link", "data",
  ]

  private static func isKnownName(_ name: ArraySlice<UInt8>) -> Bool {
    knownNames.contains(String(decoding: name, as: UTF8.self))
  }

  private static func isName(_ name: ArraySlice<UInt8>) -> Bool {
    name.count == 4 && name.allSatisfy { (0x20...0x7E).contains($0) }
  }
}

extension ByteSource {
  /// The header of a WAV file with the size that its samples have, as which it is shown from here on.
  ///
  /// - Returns: nil if it is no WAV file.
  func correctedWaveHeader(_ name: String) throws(AudioError) -> WaveHeader? {
    if let size {
      guard var header = WaveHeader(bytes) else { return nil }
      if let actual = header.actualSize(fileSize: size, bytes) {
        patches = [header.patch(size: actual)]
        header.declaredSize = UInt64(actual)
        cut(to: header.dataOffset + actual)
      }
      return header
    }
    let start = try peek(MediaSniffing.lookAhead(self, name), name)
    guard let header = WaveHeader({ Array(start.dropFirst($0).prefix($1)) }) else { return nil }
    // It is read to the end of the pipe, unless a chunk follows where the samples should end.
    patches = [header.patch(size: 1 << 60)]
    if !header.isUnknown, header.declaredSize < 1 << 60 {
      end = (header.dataOffset + Int(header.declaredSize), { header.isChunk($0) })
    }
    return header
  }
}

extension [UInt8] {
  /// A number with the lowest byte first.
  fileprivate func number(at offset: Int, _ length: Int) -> UInt64 {
    self[offset..<offset + length].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension UInt64 {
  /// The lowest bytes, the lowest first.
  fileprivate func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: self >> (8 * UInt64($0))) }
  }
}
