// Which recordings a command is about, and what their run sums up to.

import Foundation
import Swiftlet
import SwiftletFiles
import SwiftletTestSupport
import Testing

@testable import SwiftletCommandLine

@Suite struct RecordingsTests {
  /// A folder with empty files of these paths.
  private func withFiles(_ paths: [String], _ body: (String) throws -> Void) throws {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    for path in paths {
      let file = folder.path.appendingPath(path)
      try SystemFiles.makeFolder(file.parentFolder)
      try SystemFiles.write([], to: file, replacing: false)
    }
    try body(folder.path)
  }

  @Test func foldersAreSearchedInOrder() throws {
    let paths = [
      "b.mp3", "a.FLAC", "notes.txt", ".hidden.mp3", ".trash/x.mp3", "sub/deep/c.ts", "sub/a%20b\n.wav",
      "none/x.srt",
    ]
    try withFiles(paths) { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/sub/loop", withDestinationPath: folder)
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/broken.mp3", withDestinationPath: "/nowhere/talk.mp3")
      let found = RecordingFinder([folder], isRecursive: true).found
      #expect(
        found.map { String($0.path.dropFirst(folder.count + 1)) } == [
          "a.FLAC", "b.mp3", "broken.mp3", "sub/a%20b\n.wav", "sub/deep/c.ts",
        ])
      #expect(found.map(\.subfolder) == ["", "", "", "sub", "sub/deep"])
      #expect(found.allSatisfy { $0.problem == nil })
    }
  }

  @Test func foldersThatYieldNothingAreAProblem() throws {
    try withFiles(["none/x.srt"]) { folder in
      let plain = RecordingFinder([folder, "-", "talk.flac"], isRecursive: false).found
      #expect(plain.map(\.path) == [folder, "-", "talk.flac"])
      #expect(plain[0].problem == .isFolder && plain[1].problem == nil)
      let empty = RecordingFinder([folder], isRecursive: true).found
      #expect(empty.count == 1 && empty[0].problem == .hasNoRecordings)
    }
  }

  @Test func listsHaveLinesOrZeroBytes() {
    func names(_ text: String) -> [String] { RecordingFinder.names(in: Array(text.utf8)) }
    #expect(names("a.mp3\n\nb c.mp3\n-\n") == ["a.mp3", "b c.mp3", "./-"])
    #expect(names("a\nb.mp3\0c.mp3\0") == ["a\nb.mp3", "c.mp3"])
    #expect(names("").isEmpty)
    #expect(RecordingFinder.names(in: [0x61, 0xE9, 0x0A]).map(\.pathBytes) == [[0x61, 0xE9]])
  }

  @Test func theExitCodeTellsWhatFailed() {
    var summary = RunSummary(of: 5)
    #expect(summary.exitCode == nil)
    summary.add(failed: "a\n.mp3", .notUnderstood)
    #expect(summary.exitCode == .notUnderstood, "nothing else was done")
    summary.add(transcribed: 90)
    #expect(summary.exitCode == .recordingFailed)
    summary.add(failed: "b.mp3", .outputFailed, transcribed: 10)
    #expect(summary.exitCode == .outputFailed)
    summary.addSkipped()
    #expect(
      summary.text.hasPrefix(
        "5 recordings: 1 transcribed, 1 skipped, 2 failed, 1 not transcribed. 1:40 of audio in "))
    #expect(summary.text.hasSuffix(" x real time.\nFailed:\n  a\\n.mp3\n  b.mp3"))
  }

  @Test(arguments: [
    (99.5, 100.0, true), (98.0, 100.0, false), (6.0, 11.0, false), (11.0, 11.0, true), (11.0, nil, false),
  ])
  func damageIsNotAnEarlyEnd(_ position: Double, _ duration: Double?, _ reachedEnd: Bool) {
    let progress = LastProgress()
    #expect(!progress.reachedEnd)
    progress.update(TranscriptionProgress(position: position, duration: duration, timings: Timings()))
    #expect(progress.reachedEnd == reachedEnd)
  }

  @Test func jsonIsTextWhateverTheName() throws {
    let name = String(pathBytes: Array("a/caf".utf8) + [0xE9])
    let line = TranscriptLine(name, Transcript(segments: []), error: "why")
    #expect(
      try StandardOutput.json(of: line)
        == #"{"duration":0,"error":"why","file":"a/caf\\xE9","fileBytes":"YS9jYWbp","segments":[],"text":""}"#
    )
    #expect(try StandardOutput.json(of: TranscriptLine.skipped("a\nb")) == #"{"file":"a\nb","skipped":true}"#)
  }

  @Test func jsonIsPrintedWhateverTheNumbers() throws {
    let segment = Segment(
      start: 0, end: 1, text: "Hello.", tokens: [1], language: "en", tokenLogProbabilities: [-.infinity])
    let line = TranscriptLine("a", Transcript(segments: [segment]), error: nil)
    #expect(try StandardOutput.json(of: line).contains(#""tokenLogProbabilities":["-inf"]"#))
  }
}
