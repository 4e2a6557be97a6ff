// `swiftlet transcribe` on many recordings, with odd names and with bad ones among them.

import Foundation
import SwiftletFiles
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct ManyFilesTests {
  private let temporary = TestFolder()
  private var folder: URL { temporary.url }
  private let jfk = Fixtures.url("speech/jfk.flac")

  /// Runs a script in the folder; `$1` is the tool, `$2` the recording of 11 s.
  private func run(_ script: String) async throws -> Tool.Outcome {
    try await Tool.run(
      ["-c", "cd \"$0\" && { \(script)\n}", folder.path, Tool.url.path, jfk.path],
      of: URL(filePath: "/bin/sh"))
  }

  private func names(_ path: String = "") throws -> [String] {
    try SystemFiles.names(in: folder.path.appendingPath(path))
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try SystemFiles.contents(of: folder.path.appendingPath(path)), as: UTF8.self)
  }

  /// What `--json` prints.
  private struct Line: Decodable {
    var file: String
    var fileBytes: Data?
    var text: String?
    var language: String?
    var duration: Double?
    var error: String?
    var skipped: Bool?
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func aFolderWithBadOddAndFinishedRecordings() async throws {
    let outcome = try await run(
      #"""
      mkdir -p "in/sub dir" out; cp "$2" "$(printf 'in/caf\351.flac')"; cp "$2" 'in/sub dir/call.2024-01-05.FLAC'
      cp "$2" in/done.flac; echo nonsense > in/bad.mp3; head -c 700000 "$2" > in/cut.flac; echo mine > out/done.srt
      "$1" transcribe -r in -o out -f srt --skip-existing --json
      """#)
    #expect(outcome.status == 1)
    let odd = String(pathBytes: Array("caf".utf8) + [0xE9, 0x2E] + Array("srt".utf8))
    #expect(try names("out") == [odd, "cut.partial.srt", "done.srt", "sub dir"])
    #expect(try names("out/sub dir") == ["call.2024-01-05.srt"])
    #expect(try text("out/done.srt") == "mine\n")
    for file in ["out/\(odd)", "out/cut.partial.srt", "out/sub dir/call.2024-01-05.srt"] {
      #expect(try text(file).hasPrefix("1\n00:00:0"))
      #expect(try text(file).contains("my fellow Americans"))
    }

    let lines = try outcome.output.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    #expect(
      lines.map(\.file) == [
        "in/bad.mp3", "in/caf\\xE9.flac", "in/cut.flac", "in/done.flac", "in/sub dir/call.2024-01-05.FLAC",
      ])
    #expect(lines.map { $0.error == nil } == [false, true, false, true, true])
    #expect(lines[2].error?.contains("cut short") == true && lines[2].text?.contains("Americans") == true)
    #expect(lines[1].fileBytes == Data(Array("in/caf".utf8) + [0xE9] + Array(".flac".utf8)))
    #expect(lines[1].duration == 11 && lines[1].language == "en")
    #expect(lines[3].skipped == true && lines[3].text == nil)
    #expect(outcome.errors.contains("5 recordings: 2 transcribed, 1 skipped, 2 failed. "))
    #expect(outcome.errors.hasSuffix("Failed:\n  in/bad.mp3\n  in/cut.flac\n"))

    // What is partial is not taken for finished, and goes once the recording is transcribed.
    let again = try await run(
      #"""
      rm in/bad.mp3; cp "$2" in/cut.flac; "$1" transcribe -r in -o out -f srt --skip-existing
      """#)
    #expect(again.status == 0)
    #expect(
      again.errors.contains("5 recordings") == false
        && again.errors.contains("4 recordings: 1 transcribed, 3 skipped."))
    #expect(try names("out") == [odd, "cut.srt", "done.srt", "sub dir"])
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func namesAreListedAndTranscriptsLieBesideTheirRecordings()
    async throws
  {
    let outcome = try await run(
      #"""
      mkdir a b; cp "$2" ./-talk.flac; cp "$2" a/talk.flac; cp "$2" b/talk.wave; mkdir b/talk.txt
      printf '%s\0' -talk.flac a/talk.flac b/talk.wave | "$1" transcribe --files-from - --output-beside
      """#)
    #expect(outcome.status == 74, "one transcript has no place")
    #expect(try names() == ["-talk.flac", "-talk.txt", "a", "b"])
    #expect(try names("a") == ["talk.flac", "talk.txt"])
    #expect(outcome.errors.contains("b/talk.txt cannot be written: there is a folder of this name."))
    #expect(outcome.errors.contains("3 recordings: 2 transcribed, 1 failed."))

    let dash = try await run(#""$1" transcribe -- -talk.flac | grep -c Americans"#)
    #expect(dash.output == "1\n")
    let exists = try await run(#""$1" transcribe -o . -- -talk.flac"#)
    #expect(exists.status == 64 && exists.output.isEmpty)
    #expect(
      exists.errors
        == "Error: ./-talk.txt already exists; use --overwrite, --skip-existing, or another output folder.\n")
  }

  @Test(.slow) func whatWasTranscribedBeforeAnInterruptionIsKept() async throws {
    // The header promises 110 s; 70 s come, and then nothing more.
    let decoded = try await run(
      #"""
      for i in 1 2 3 4 5 6 7 8 9 10; do echo "file '$2'"; done > list
      ffmpeg -v error -f concat -safe 0 -i list -ar 16000 long.wav && head -c 2240000 long.wav > begun.wav; rm list
      """#)
    try #require(decoded.status == 0)
    let outcome = try await run(
      #"""
      mkfifo pipe; "$1" transcribe - -o out -f srt -f json --print-times < pipe > shown & swiftlet=$!
      exec 3> pipe; cat begun.wav >&3
      for i in $(seq 1200); do [ -s shown ] && break; sleep 0.1; done
      kill -INT $swiftlet; wait $swiftlet
      """#)
    #expect(outcome.status == 130)
    #expect(try names("out") == ["stdin.partial.json", "stdin.partial.srt"])
    #expect(try text("out/stdin.partial.srt").contains("Americans"))
    struct Transcript: Decodable { var text: String }
    let json = try JSONDecoder().decode(Transcript.self, from: Data(try text("out/stdin.partial.json").utf8))
    #expect(json.text.contains("Americans"))
    #expect(outcome.errors.contains("Written in part: out/stdin.partial.srt"))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func everyCommandTakesNamesThatAreNotText() async throws {
    let outcome = try await run(
      #"""
      mkdir "$(printf 'd\351')"; cd "$(printf 'd\351')"; cp "$2" "$(printf 'caf\351.flac')"
      printf 'a\n' > "$(printf 't\351.txt')"; printf 'audio\ttext\ncaf.flac\tAsk\n' > "$(printf 'm\351.tsv')"
      cp "$2" caf.flac; cd ..
      "$1" vad --json "$(printf 'd\351/caf\351.flac')" && "$1" stream "$(printf 'd\351/caf\351.flac')" > shown &&
      "$1" score --json "$(printf 'd\351/t\351.txt')" "$(printf 'd\351/t\351.txt')" &&
      "$1" evaluate --precision int8 --results r.jsonl --json "$(printf 'd\351/r\351')" "$(printf 'd\351/m\351.tsv')" > table
      """#)
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("{\"duration\":11,\"file\":\"d\\\\xE9/caf\\\\xE9.flac\","))
    #expect(outcome.output.contains("\"wer\":0"))
    #expect(try text("shown").contains("Americans"))
    #expect(try names(String(pathBytes: [0x64, 0xE9])).contains(String(pathBytes: [0x72, 0xE9])))
  }

  @Test(arguments: [
    (["--json", "-f", "srt"], "--output-dir"), (["--overwrite", "--skip-existing", "-o", "x"], "not both"),
    (["--output-beside", "-o", "x"], "not both"), (["--skip-existing"], "--output-beside"),
    (["-o", ""], "name of a folder"), (["--json", "--print-colors"], "--print-colors"),
    (["--detect-language", "-o", "x"], "stdout only"), (["--files-from", "/nowhere/list"], "No such file"),
    (["-", "--files-from", "-"], "Standard input"),
  ])
  func optionsThatDoNotGoTogetherAreRefused(_ arguments: [String], _ message: String) async throws {
    let outcome = try await Tool.run(["transcribe", jfk.path] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains(message))
  }
}
