// Sound as a file, for tests that make their own.

package import Foundation

/// WAV files, 16 kHz mono.
package enum WaveFile {
  /// The bytes of a file with these samples.
  package static func data(samples: [Int16]) -> Data {
    func bytes(_ value: some FixedWidthInteger) -> Data {
      withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
    let size = UInt32(2 * samples.count)
    var data = Data("RIFF".utf8) + bytes(size + 36) + Data("WAVEfmt ".utf8) + bytes(UInt32(16))
    data += bytes(UInt16(1)) + bytes(UInt16(1)) + bytes(UInt32(16_000)) + bytes(UInt32(32_000))
    data += bytes(UInt16(2)) + bytes(UInt16(16)) + Data("data".utf8) + bytes(size)
    samples.forEach { data += bytes($0) }
    return data
  }
}
