// Names of any bytes as text, and what is made of them.

import SwiftletFiles
import Testing

@Suite struct PathNameTests {
  @Test(arguments: [
    Array("talk.flac".utf8), [], Array("caf".utf8) + [0xE9], [0xFF, 0xFE, 0x80], [0xC3], [0xE2, 0x82],
    [0xC3, 0x28, 0xA9], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], Array("café 日本 🎙".utf8),
    // U+10FE80, U+10FEE9 and U+10FEFF, which stand for bytes.
    [0xF4, 0x8F, 0xBA, 0x80], Array("a\u{10FEE9}b\u{10FEFF}".utf8) + [0xE9],
  ])
  func bytesSurviveAsText(_ bytes: [UInt8]) {
    #expect(String(pathBytes: bytes).pathBytes == bytes)
  }

  @Test func anyBytesSurvive() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      // Beginnings of sequences of all lengths, and bytes that go on with them, are likely to meet.
      let bytes = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
        [0xF4, 0x8F, 0xBA, 0xBB, 0xE9, 0x80, 0xC3, 0x2F, UInt8.random(in: 1...255, using: &generator)]
          .randomElement(using: &generator) ?? 1
      }
      #expect(String(pathBytes: bytes).pathBytes == bytes)
    }
  }

  @Test func textStaysAsItIs() {
    for name in ["talk.flac", "café", "cafe\u{301}", "日本", "a%20b", "a\nb"] {
      #expect(Array(String(pathBytes: Array(name.utf8)).utf8) == Array(name.utf8))
      #expect(name.isPathText)
    }
    #expect(!String(pathBytes: [0xE9]).isPathText)
  }

  @Test func messagesCommandNoTerminal() {
    #expect(String(pathBytes: Array("caf".utf8) + [0xE9]).displayedPath == "caf\\xE9")
    #expect("a\nb\tc\rd".displayedPath == "a\\nb\\tc\\rd")
    #expect("\u{1B}[31mred\u{7F}\u{85}\u{202E}".displayedPath == "\\x1B[31mred\\x7F\\xC2\\x85\\xE2\\x80\\xAE")
    #expect("café 日本 a%20b \\".displayedPath == "café 日本 a%20b \\")
  }

  @Test func theSystemTakesNoZeroByte() {
    #expect("a\0b".withSystemPath { $0.pointee } == 0)
    #expect("ab".withSystemPath { [$0[0], $0[1], $0[2]] } == [0x61, 0x62, 0])
  }

  @Test func pathsAreTakenApart() {
    for (path, folder, name) in [
      ("talk.flac", ".", "talk.flac"), ("a/talk.flac", "a", "talk.flac"), ("/talk", "/", "talk"),
      ("/a/b/c", "/a/b", "c"), ("a/", "a", ""), ("a/\u{301}b", "a", "\u{301}b"),
    ] {
      #expect(path.parentFolder == folder)
      #expect(Array(path.lastPathComponent.utf8) == Array(name.utf8))
    }
    #expect("a".appendingPath("b") == "a/b" && "/".appendingPath("b") == "/b" && "a".appendingPath("") == "a")
  }

  @Test func endingsOfMediaFilesAloneAreTakenOff() {
    for (path, name) in [
      ("a/talk.flac", "talk"), ("TALK.MP3", "TALK"), ("talk.one.Opus", "talk.one"), ("clip.mkv", "clip"),
      ("call.2024-01-05", "call.2024-01-05"), ("v1.2", "v1.2"), ("notes.txt", "notes.txt"), ("talk", "talk"),
      (".mp3", ".mp3"), (".hidden.mp3", ".hidden"), ("talk.", "talk."), ("talk.mp3.mp3", "talk.mp3"),
      ("a.mp3/talk", "talk"), ("talk\n.wav", "talk\n"),
    ] {
      #expect(path.nameWithoutMediaExtension == name)
      #expect(path.hasMediaExtension == (path.lastPathComponent != name))
    }
  }
}
