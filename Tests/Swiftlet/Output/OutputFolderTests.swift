// Files in an output folder: their names, and that nothing is lost.

import Foundation
import Swiftlet
import SwiftletFiles
import SwiftletTestSupport
import Testing

@Suite struct OutputFolderTests {
  private let transcript = Transcript(segments: [
    Segment(start: 0, end: 1, text: "Hello.", tokens: [], language: "en")
  ])

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test func filesKeepTheirRecordingsNames() throws {
    try withFolder { folder in
      let output = OutputFolder(folder.appending(path: "a/b"), formats: [.vtt, .srt, .jsonFull, .srt])
      let recordings = ["talks/talk.one.flac", "-", "no-extension"]
      try output.prepare(for: recordings)
      for recording in recordings {
        #expect(try output.write(transcript, of: recording) == output.files(of: recording))
      }
      #expect(
        try names(output.url)
          == ["no-extension", "stdin", "talk.one"].flatMap { name in
            ["full.json", "srt", "vtt"].map { "\(name).\($0)" }
          })
      let text = try String(contentsOf: output.url.appending(path: "talk.one.srt"), encoding: .utf8)
      #expect(text == "1\n00:00:00,000 --> 00:00:01,000\nHello.\n\n")
    }
  }

  @Test func recordingsOfOneNameAreRefusedBeforeAnyWork() throws {
    try withFolder { folder in
      let output = OutputFolder(folder, formats: [.txt])
      let error = #expect(throws: SwiftletError.self) {
        try output.prepare(for: ["a/talk.flac", "b/talk.mp3"])
      }
      #expect(error?.description.hasPrefix("a/talk.flac and b/talk.mp3 would both be written to ") == true)
      #expect(!FileManager.default.fileExists(atPath: folder.path))
    }
  }

  @Test func nothingIsOverwrittenUnlessAllowed() throws {
    try withFolder { folder in
      let careful = OutputFolder(folder, formats: [.txt, .srt])
      try careful.prepare(for: ["talk.flac"])
      let file = folder.appending(path: "talk.srt")
      try Data("mine".utf8).write(to: file)
      // The second time, as if it came while the work was going on.
      for attempt in [
        { try careful.prepare(for: ["talk.flac"]) }, { try careful.write(transcript, of: "talk.flac") },
      ]
        as [() throws -> Any]
      {
        let error = #expect(throws: SwiftletError.self) { try attempt() }
        #expect(error?.code == .fileExists && error?.subject == file.path)
      }
      #expect(try Data(contentsOf: file) == Data("mine".utf8))
      #expect(try names(folder) == ["talk.srt", "talk.txt"])

      let overwriting = OutputFolder(folder, formats: [.srt], overwrites: true)
      try overwriting.prepare(for: ["talk.flac"])
      try overwriting.write(transcript, of: "talk.flac")
      #expect(try Data(contentsOf: file).starts(with: Data("1\n".utf8)))
      #expect(try names(folder) == ["talk.srt", "talk.txt"])
    }
  }

  @Test func onlyEndingsOfMediaFilesAreTakenOff() throws {
    try withFolder { folder in
      let output = OutputFolder(folder, formats: [.txt])
      let recordings = ["call.2024-01-05", "call.2024-01-06", "a%20b.MP3", "tab\t~.wav"]
      try output.prepare(for: recordings)
      for recording in recordings { try output.write(transcript, of: recording) }
      #expect(
        try names(folder) == ["a%20b.txt", "call.2024-01-05.txt", "call.2024-01-06.txt", "tab\t~.txt"])
    }
  }

  @Test func outputsBearTheBytesOfTheirRecordings() throws {
    try withFolder { folder in
      defer {
        for name in (try? SystemFiles.names(in: folder.path)) ?? [] {
          SystemFiles.remove(folder.path + "/" + name)
        }
      }
      let output = OutputFolder(folder, formats: [.txt])
      // Not UTF-8, and the same letters written in two ways, which are two names.
      let names: [[UInt8]] = [
        Array("caf".utf8) + [0xE9], Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8),
      ]
      let recordings = names.map { String(pathBytes: $0 + Array(".flac".utf8)) }
      try output.prepare(for: recordings)
      for recording in recordings { try output.write(transcript, of: recording) }
      #expect(
        Set(try SystemFiles.names(in: folder.path).map(\.pathBytes))
          == Set(names.map { $0 + Array(".txt".utf8) }))
    }
  }

  @Test func partialTranscriptsAreMarkedAndRemovedAfterSuccess() throws {
    try withFolder { folder in
      let output = OutputFolder(folder, formats: [.srt, .json])
      try output.prepare(for: ["talk.flac"])
      let part = Transcript(segments: [])
      try output.writePartial(part, of: "talk.flac")
      let files = try output.writePartial(transcript, of: "talk.flac")
      #expect(files.map(\.lastPathComponent) == ["talk.partial.srt", "talk.partial.json"])
      #expect(try names(folder) == ["talk.partial.json", "talk.partial.srt"])
      #expect(
        try String(contentsOf: folder.appending(path: "talk.partial.srt"), encoding: .utf8)
          == "1\n00:00:00,000 --> 00:00:01,000\nHello.\n\n")
      try output.prepare(for: ["talk.flac"])
      // A recording of such a name never gets the name of a partial transcript.
      try output.write(transcript, of: "talk.partial.mp3")
      try output.write(transcript, of: "talk.flac")
      #expect(
        try names(folder) == ["talk.json", "talk.partial_.json", "talk.partial_.srt", "talk.srt"])
    }
  }

  @Test func namesThatAreTooLongAreRefusedBeforeAnyWork() throws {
    try withFolder { folder in
      let output = OutputFolder(folder, formats: [.txt, .jsonFull])
      let fitting = String(repeating: "x", count: 255 - ".full.json".utf8.count)
      try output.prepare(for: [fitting])
      #expect(try output.write(transcript, of: fitting).count == 2)
      let error = #expect(throws: SwiftletError.self) { try output.prepare(for: [fitting + "x"]) }
      #expect(error?.description.hasSuffix(".full.json cannot be written: File name too long.") == true)
      // The formats whose names fit are written all the same.
      #expect(throws: SwiftletError.self) { try output.write(transcript, of: fitting + "y") }
      #expect(try names(folder).contains(fitting + "y.txt"))
    }
  }

  @Test func whatCannotBeWrittenIsSaid() throws {
    try withFolder { folder in
      try Data().write(to: folder)
      let output = OutputFolder(folder.appending(path: "inside"), formats: [.txt])
      #expect(throws: SwiftletError.self) { try output.prepare(for: ["talk.flac"]) }
      #expect(throws: SwiftletError.self) { try output.write(transcript, of: "talk.flac") }
    }
    try withFolder { folder in
      let taken = folder.appending(path: "talk.txt")
      try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: true)
      let output = OutputFolder(folder, formats: [.txt], overwrites: true)
      #expect(throws: SwiftletError.self) { try output.prepare(for: ["talk.flac"]) }
    }
  }

  /// Names as long as the system allows leave no room for more.
  @Test func longNamesHavePartialTranscriptsToo() throws {
    try withFolder { folder in
      let output = OutputFolder(folder, formats: [.srt])
      let recording = String(repeating: "あ", count: 83) + ".wav"
      try output.prepare(for: [recording])
      let partial = try #require(try output.writePartial(transcript, of: recording).first)
      #expect(partial.lastPathComponent.hasSuffix("あ.partial.srt"))
      #expect(try names(folder) == [partial.lastPathComponent])
      try output.write(transcript, of: recording)
      #expect(try names(folder) == [String(repeating: "あ", count: 83) + ".srt"])
    }
  }

}
