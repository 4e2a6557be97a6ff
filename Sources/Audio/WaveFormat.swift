// What the samples of a WAV file are.

/// The `fmt ` chunk of a WAV file, as far as samples that are stored as they are go.
///
/// Source: Microsoft, "Multiple channel audio data and WAVE files" (2001).
struct WaveFormat: Equatable {
  enum Encoding: Equatable {
    /// 1 to 4 bytes a sample, the lowest first; single bytes have no sign.
    case integer
    /// 4 or 8 bytes a sample.
    case float
  }

  var encoding: Encoding
  var channels: Int
  /// Samples a second of each channel.
  var rate: Int
  /// Bytes of one sample of one channel.
  var sampleBytes: Int

  init(encoding: Encoding, channels: Int, rate: Int, sampleBytes: Int) {
    self.encoding = encoding
    self.channels = channels
    self.rate = rate
    self.sampleBytes = sampleBytes
  }

  /// Samples of one channel without a header; nil for a format other than `s16le` and `f32le`.
  init?(_ raw: RawSound) {
    switch raw.sampleFormat {
    case "s16le": self.init(encoding: .integer, channels: 1, rate: raw.rate, sampleBytes: 2)
    case "f32le": self.init(encoding: .float, channels: 1, rate: raw.rate, sampleBytes: 4)
    default: return nil
    }
  }

  /// - Parameter chunk: the chunk's bytes, without its header.
  /// - Returns: nil for samples that are compressed, or that contradict themselves.
  init?(chunk: [UInt8]) {
    guard chunk.count >= 16 else { return nil }
    func number(_ offset: Int) -> Int { Int(chunk[offset]) | Int(chunk[offset + 1]) << 8 }
    var tag = number(0)
    // What it is stands at the beginning of the identifier, whose rest is always the same.
    if tag == 0xFFFE, chunk.count >= 26 { tag = number(24) }
    let channels = number(2)
    let frameBytes = number(12)
    guard channels > 0, frameBytes % channels == 0 else { return nil }
    let bytes = frameBytes / channels
    let rate = number(4) | number(6) << 16
    switch tag {
    case 1 where (1...4).contains(bytes):
      self.init(encoding: .integer, channels: channels, rate: rate, sampleBytes: bytes)
    case 3 where bytes == 4 || bytes == 8:
      self.init(encoding: .float, channels: channels, rate: rate, sampleBytes: bytes)
    default: return nil
    }
  }

  var frameBytes: Int { channels * sampleBytes }

  /// FFmpeg's name.
  var codecName: String {
    switch encoding {
    case .integer: sampleBytes == 1 ? "pcm_u8" : "pcm_s\(8 * sampleBytes)le"
    case .float: "pcm_f\(8 * sampleBytes)le"
    }
  }

  /// Whole frames of samples, channel by channel, in [-1, 1].
  func samples(of bytes: ArraySlice<UInt8>) -> [[Float]] {
    let frames = bytes.count / frameBytes
    return bytes.withUnsafeBytes { bytes in
      (0..<channels).map { channel in
        (0..<frames).map { value(bytes, at: ($0 * channels + channel) * sampleBytes) }
      }
    }
  }

  private func value(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Float {
    func integer(_ count: Int) -> UInt32 {
      // Aligned to the top, where the sign is.
      (0..<count).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * (4 - count + $1)) }
    }
    switch (encoding, sampleBytes) {
    case (.integer, 1): return (Float(bytes[offset]) - 128) / 128
    case (.integer, let count): return Float(Int32(bitPattern: integer(count))) / 0x8000_0000
    case (.float, 4): return Float(bitPattern: integer(4))
    case (.float, _):
      let bits = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
      return Float(Double(bitPattern: bits))
    }
  }
}
