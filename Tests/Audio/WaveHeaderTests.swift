// WAV files whose headers lie.

import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletAudio

@Suite struct WaveHeaderTests {
  private static let samples = (0..<20_000).map { Int16(truncatingIfNeeded: 37 * $0 * $0 % 8_191) }
  /// Made each time: LeakSanitizer cannot see that a global holds it.
  private static var list: Data { Data("LIST\u{1A}\0\0\0INFOISFT\u{E}\0\0\0Lavf59.27.100\0".utf8) }

  private func bytes(_ value: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: value.littleEndian) { Data($0) }
  }

  /// A WAV file that declares `size` bytes of samples.
  private func wave(size: UInt32?, tail: Data = Data()) -> Data {
    var data = WaveFile.data(samples: Self.samples)
    if let size { data.replaceSubrange(40..<44, with: bytes(size)) }
    return data + tail
  }

  private func wave64(size: UInt64?) -> Data {
    let guid = Data([0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A])
    let riff = Data([0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00])
    let plain = WaveFile.data(samples: Self.samples)
    let count = UInt64(plain.count - 44)
    var data = Data("riff".utf8) + riff + bytes(104 + count)
    data += Data("wave".utf8) + guid
    data += Data("fmt ".utf8) + guid + bytes(UInt64(40)) + plain[20..<36]
    data += Data("data".utf8) + guid + bytes(size ?? count + 24)
    return data + plain[44...]
  }

  private func rf64(size: UInt64?, dataSize: UInt32 = .max) -> Data {
    let plain = WaveFile.data(samples: Self.samples)
    let count = UInt64(plain.count - 44)
    var data = Data("RF64".utf8) + bytes(UInt32.max) + Data("WAVEds64".utf8) + bytes(UInt32(28))
    data += bytes(count + 72) + bytes(size ?? count) + bytes(count / 2) + bytes(UInt32(0))
    data += plain[12..<36] + Data("data".utf8) + bytes(dataSize)
    return data + plain[44...]
  }

  private func decoded(_ data: Data, pipe: Bool) throws -> [Float] {
    let file = TestFolder.place("sound.wav")
    defer { try? FileManager.default.removeItem(at: file) }
    guard pipe else {
      try data.write(to: file)
      return try AudioDecoder(path: file.path).readAll()
    }
    #expect(mkfifo(file.path, 0o600) == 0)
    let path = file.path
    Thread.detachNewThread { try? FileHandle(forWritingAtPath: path)?.write(contentsOf: data) }
    return try AudioDecoder(path: path).readAll()
  }

  /// Sizes that are unknown, wrapped or left from a recorder that died, with and without further chunks.
  @Test(arguments: [false, true]) func allSamplesAreRead(pipe: Bool) throws {
    let all = try decoded(wave(size: nil), pipe: false)
    #expect(all.count == Self.samples.count)
    for data in [
      wave(size: nil), wave(size: 0), wave(size: .max), wave(size: 0x7FFF_F000), wave(size: 1_000),
      wave(size: nil, tail: Self.list), wave64(size: nil), wave64(size: 0), wave64(size: 1_024),
      rf64(size: nil), rf64(size: 0),
      rf64(size: 1_000), rf64(size: nil, dataSize: 0),
    ] {
      #expect(try decoded(data, pipe: pipe) == all)
    }
  }

  @Test func aFileThatIsCutShortIsSaidToBe() throws {
    let data = wave(size: nil)
    for data in [data.prefix(20_000), rf64(size: nil).prefix(20_000), wave64(size: nil).prefix(20_000)] {
      for pipe in [false, true] {
        let error = #expect(throws: AudioError.self) { try decoded(Data(data), pipe: pipe) }
        guard case .truncated = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
    }
  }

  @Test func nothingIsNothing() throws {
    #expect(try decoded(wave(size: 0).prefix(44), pipe: false).isEmpty)
    #expect(try decoded(wave(size: 0).prefix(44) + Self.list, pipe: false).isEmpty)
  }
}

extension AudioDecoder {
  func readAll() throws -> [Float] {
    var all: [Float] = []
    while true {
      let part = try read(upTo: 5_000)
      if part.isEmpty { return all }
      all += part
    }
  }
}
