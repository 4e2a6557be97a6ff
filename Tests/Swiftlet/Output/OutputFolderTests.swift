// Files in an output folder: their names, and that nothing is lost.

import Foundation
import Swiftlet
import Testing

@Suite struct OutputFolderTests {
  private let transcript = Transcript(segments: [
    Segment(start: 0, end: 1, text: "Hello.", tokens: [], language: "en")
  ])

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
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
      let error = #expect(throws: InvalidRequest.self) {
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
      #expect(throws: InvalidRequest.self) { try careful.prepare(for: ["talk.flac"]) }
      // It came while the work was going on.
      #expect(throws: OutputError.alreadyThere(file: file.path)) {
        try careful.write(transcript, of: "talk.flac")
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

  @Test func whatCannotBeWrittenIsSaid() throws {
    try withFolder { folder in
      try Data().write(to: folder)
      let output = OutputFolder(folder.appending(path: "inside"), formats: [.txt])
      #expect(throws: OutputError.self) { try output.prepare(for: ["talk.flac"]) }
      #expect(throws: OutputError.self) { try output.write(transcript, of: "talk.flac") }
    }
    try withFolder { folder in
      let taken = folder.appending(path: "talk.txt")
      try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: true)
      let output = OutputFolder(folder, formats: [.txt], overwrites: true)
      #expect(throws: InvalidRequest.self) { try output.prepare(for: ["talk.flac"]) }
    }
  }
}
