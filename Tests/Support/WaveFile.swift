// Sound as a file, for tests that make their own.

package import Foundation

/// WAV files at 16 kHz.
package enum WaveFile {
  /// The bytes of a file with these samples, those of all channels of one moment after each other.
  package static func data(samples: [Int16], channels: UInt16 = 1) -> Data {
    func bytes(_ value: some FixedWidthInteger) -> Data {
      withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
    let size = UInt32(2 * samples.count)
    var data = Data("RIFF".utf8) + bytes(size + 36) + Data("WAVEfmt ".utf8) + bytes(UInt32(16))
    data += bytes(UInt16(1)) + bytes(channels) + bytes(UInt32(16_000)) + bytes(32_000 * UInt32(channels))
    data += bytes(2 * channels) + bytes(UInt16(16)) + Data("data".utf8) + bytes(size)
    samples.forEach { data += bytes($0) }
    return data
  }
}
