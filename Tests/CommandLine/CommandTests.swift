// The built tool, run as a user runs it: output, errors and exit codes.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct CommandTests {
  private func run(
    _ arguments: String..., input: URL? = nil, environment: [String: String] = [:]
  ) async throws -> Tool.Outcome {
    try await Tool.run(arguments, input: input, environment: environment)
  }

  private func run(
    _ command: String, _ arguments: [String], output: FileHandle? = nil
  ) async throws -> Tool.Outcome {
    try await Tool.run([command] + arguments, redirected: output)
  }

  /// What the reference implementations print, and, but for the comma, every precision.
  private static let words =
    "And so my fellow Americans ask not what your country can do for you, ask what you can do for your country.\n"

  /// Without capitals and punctuation, which precisions may differ in.
  private func bare(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter }.map(String.init)
  }
  private let jfk = Fixtures.url("speech/jfk.flac")

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func transcribesAFile() async throws {
    let outcome = try await run("transcribe", jfk.path)
    #expect(outcome.status == 0)
    #expect(bare(outcome.output) == bare(Self.words))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func transcribesAsTheReferenceDoes() async throws {
    let outcome = try await run(
      "transcribe", jfk.path, "--precision", "fp32", "--tail", "exact", "--no-timestamps", "--sequential")
    #expect(outcome.status == 0)
    #expect(outcome.output == Self.words)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia))
  func transcribesStandardInputOnOneThreadAndALowerInstructionSet()
    async throws
  {
    let outcome = try await run(
      "transcribe", "-", "--threads", "1", "--timings", input: jfk, environment: ["SWIFTLET_ISA": "portable"])
    #expect(outcome.status == 0)
    #expect(bare(outcome.output) == bare(Self.words))
    #expect(outcome.errors.contains("sound 11.000 s in 1 windows"))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func transcribesAPipe() async throws {
    let script = "cat \"$1\" | \"$2\" transcribe -"
    let shell = URL(filePath: "/bin/sh")
    let outcome = try await Tool.run(["-c", script, "sh", jfk.path, Tool.url.path], of: shell)
    #expect(outcome.status == 0)
    #expect(bare(outcome.output) == bare(Self.words))
    let empty = try await Tool.run(["-c", script, "sh", "/dev/null", Tool.url.path], of: shell)
    #expect(empty.status == 1)
    #expect(empty.errors == "Error: standard input is empty.\n")
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func oneBadRecordingOfTwoIsReportedAndTheOtherPrinted()
    async throws
  {
    let outcome = try await run("transcribe", "/nowhere/talk.flac", jfk.path)
    #expect(outcome.status == 1)
    #expect(bare(outcome.output).suffix(bare(Self.words).count) == bare(Self.words)[...])
    #expect(outcome.errors.contains("/nowhere/talk.flac: no such file."))
  }

  @Test func unknownModelsAndPathsEndWithTwo() async throws {
    for (model, message) in [
      ("tiny.em", "did you mean tiny.en"), ("/nowhere/model", "/nowhere/model: there is no"),
    ] {
      let outcome = try await run("transcribe", jfk.path, "--model", model)
      #expect(outcome.status == 2)
      #expect(outcome.output.isEmpty)
      #expect(outcome.errors.contains(message))
    }
    #expect(try await run("pull", "tiny.em").status == 2)
    #expect(try await run("inspect", jfk.path).status == 2)
  }

  @Test func whatIsNotUnderstoodEndsWith64() async throws {
    #expect(try await run("transcribe").status == 64)
    #expect(try await run("transcribe", jfk.path, "--padding", "noise").status == 64)
    #expect(try await run("pull").status == 64)
  }

  @Test(.slow) func whatTheModelLacksIsRefused() async throws {
    for arguments in [
      ["--patience", "2", "--beam-size", "1"], ["--beam-size", "17"], ["--clip-timestamps", "9,3"],
      ["--multilingual"],
      ["--beam-size", "5", "--temperature", "0.4"], ["--carry-initial-prompt"], ["--detect-language"],
      ["--suppress-tokens", "99999"], ["--language", "fr"], ["--language", "klingon"],
      ["--task", "translate"], ["-j", "0"],
    ] {
      let outcome = try await run("transcribe", [jfk.path] + arguments)
      #expect(outcome.status == 64)
      #expect(outcome.output.isEmpty)
      #expect(outcome.errors.hasPrefix("Error: "))
    }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func whatCannotBeWrittenIsNotLostSilently() async throws {
    let full = try FileHandle(forWritingTo: URL(filePath: "/dev/full"))
    let outcome = try await run("transcribe", [jfk.path], output: full)
    #expect(outcome.status == 74)
    #expect(outcome.errors.contains("the result cannot be written"))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func severalFormatsGoToAFolderAndNothingIsOverwritten()
    async throws
  {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    let arguments = [jfk.path, "-o", folder.path, "-f", "srt", "-f", "json-full"]
    let outcome = try await run("transcribe", arguments)
    #expect(outcome.status == 0)
    #expect(outcome.output.isEmpty, "only a person is shown the text of files")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
        "jfk.full.json", "jfk.srt",
      ])
    let subtitles = try String(contentsOf: folder.appending(path: "jfk.srt"), encoding: .utf8)
    #expect(subtitles.hasPrefix("1\n00:00:00,"))
    let words = subtitles.split(separator: "\n").filter { !$0.contains("-->") }.joined(separator: " ")
    #expect(bare(words) == bare(Self.words))

    let again = try await run("transcribe", arguments)
    #expect(again.status == 64)
    #expect(again.errors.contains("jfk.srt already exists; use --overwrite"))
    #expect(
      try await run("transcribe", arguments + ["--overwrite", "--print-times"]).output.hasPrefix("[00:00.")
    )
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func oneFormatGoesToStandardOutput() async throws {
    let outcome = try await run("transcribe", [jfk.path, "-f", "vtt"])
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("WEBVTT\n\n00:00."))
    let colored = try await run("transcribe", [jfk.path, "--print-colors"])
    #expect(colored.output.hasPrefix("\u{1B}[38;5;"))
  }

  /// Lines that can be read, or openai-whisper's; the same words in both.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func cuesAreSubtitlesOrSegments() async throws {
    let segments = try await run("transcribe", [jfk.path]).output.split(separator: "\n").map(String.init)
    func lines(_ arguments: [String]) async throws -> [String] {
      let blocks = try await run("transcribe", [jfk.path, "-f", "srt"] + arguments).output
      return blocks.components(separatedBy: "\n\n").flatMap {
        $0.split(separator: "\n").dropFirst(2).map(String.init)
      }
    }
    #expect(try await lines(["--cues", "segments"]) == segments)
    let subtitles = try await lines([])
    #expect(subtitles.count > segments.count && subtitles.allSatisfy { $0.count <= 42 })
    #expect(subtitles.joined(separator: " ") == segments.joined(separator: " "))
    #expect(try await run("transcribe", [jfk.path, "--cues", "words"]).status == 64)
  }

  @Test(arguments: [
    (["-f", "srt", "-f", "vtt"], "--output-dir"), (["--overwrite"], "--output-dir"),
    (["--max-line-width", "0"], "give 1 or more"), (["-o", "/tmp/none", "other/jfk.mp3"], "both be written"),
    (["-f", "srt", "other.mp3"], "--output-dir"),
  ])
  func outputsThatCannotBeAreRefusedBeforeAnyWork(_ arguments: [String], _ message: String) async throws {
    let outcome = try await run("transcribe", [jfk.path] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains(message))
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func vadPrintsWhereSomebodySpeaks() async throws {
    let outcome = try await run("vad", jfk.path)
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count > 1)
    #expect(lines.allSatisfy { $0.split(separator: "\t").compactMap { Double($0) }.count == 2 })
    let json = try await run("vad", "--json", jfk.path).output
    #expect(
      json.contains("\"duration\":11,") && json.components(separatedBy: "\"start\"").count == lines.count + 1)
    #expect(try await run("vad", "--probabilities", jfk.path).output.split(separator: "\n").count == 344)
    #expect(try await run("vad", "--threshold", "2", jfk.path).status == 64)
    #expect(try await run("vad", "/nowhere/talk.flac").status == 1)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func streamPrintsWhatIsCertain() async throws {
    let lines = try await run("stream", jfk.path)
    #expect(lines.status == 0)
    let pieces = lines.output.split(separator: "\n")
    #expect(pieces.count > 3 && pieces.allSatisfy { $0.hasPrefix("[00:") && $0.contains(" --> ") })
    let text = pieces.map { $0.drop { $0 != "]" } }.joined(separator: " ")
    #expect(bare(text) == bare(Self.words))
    struct Line: Decodable { var type, text: String }
    let json = try await run("stream", "--json", "--no-detect-silence", input: jfk)
    let parsed = try json.output.split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    #expect(bare(parsed.filter { $0.type == "committed" }.map(\.text).joined()) == bare(Self.words))
    #expect(parsed.contains { $0.type == "partial" })
    #expect(try await run("stream", "/nowhere/talk.flac").status == 1)
    #expect(try await run("stream", jfk.path, "--step", "0").status == 64)
    #expect(try await run("stream", jfk.path, "--rate", "8000").status == 64)
  }

  @Test(.slow) func streamReadsSamplesFromAPipe() async throws {
    // Past the header, a WAV file is samples alone.
    let script = "tail -c +79 \"$1\" | \"$2\" stream --format s16le"
    let recording = Fixtures.url("speech/1993-147965-0000.wav")
    let outcome = try await Tool.run(
      ["-c", script, "sh", recording.path, Tool.url.path], of: URL(filePath: "/bin/sh"))
    #expect(outcome.status == 0)
    #expect(bare(outcome.output).suffix(3) == ["his", "sunday", "coat"])
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func anEngineIsBuiltInspectedAndUsed() async throws {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    let built = try await run(
      "build", "tiny.en", "--precision", "bf16", "--decoder-precision", "fp16", "-o", folder.path)
    #expect(built.status == 0)
    #expect(built.output == folder.path + "\n")
    let inspected = try await run("inspect", folder.path)
    #expect(inspected.output.contains("encoder bf16, decoder fp16"))
    #expect(inspected.output.contains("encoder.layers.0.self_attn.qkv.weight"))
    let outcome = try await run("transcribe", jfk.path, "--model", folder.path, "--verify", "--json")
    #expect(outcome.status == 0)
    struct Line: Decodable {
      var text: String
      var segments: [Segment]
      struct Segment: Decodable { var tokens: [Int] }
    }
    let line = try JSONDecoder().decode(Line.self, from: Data(outcome.output.utf8))
    #expect(bare(line.text) == bare(Self.words))
    #expect(!line.segments.isEmpty)
    // Its precisions are its own; an engine that was changed is refused.
    #expect(try await run("transcribe", jfk.path, "--model", folder.path, "--precision", "int8").status == 64)
    let file = folder.appending(path: "decoder.safetensors")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: file)
    let refused = try await run("transcribe", jfk.path, "--model", folder.path, "--verify")
    #expect(refused.status == 2)
    #expect(refused.errors.contains("SHA-256"))
  }

  /// Writes texts to files that go with `body`.
  private func withFiles(_ texts: String..., body: ([String]) async throws -> Void) async throws {
    let folder = TestFolder.place("new")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let files = texts.indices.map { folder.appending(path: "\($0).txt") }
    for (file, text) in zip(files, texts) { try Data(text.utf8).write(to: file) }
    try await body(files.map(\.path))
  }

  /// What `score --json` prints, as far as it is tested.
  private struct Scores: Decodable {
    struct Counts: Decodable, Equatable {
      var hits, substitutions, deletions, insertions: Int
    }
    struct Line: Decodable { var line: Int }
    var lines: Int
    var words: Counts
    var characters: Counts
    var wer: Double?
    var werInterval: [Double]?
    var worst: [Line]?
  }

  /// Rows of a reference, a hypothesis, and jiwer's counts of words and characters.
  private func scoredLines() throws -> [(texts: [String], words: [Int], characters: [Int])] {
    let json = try JSONSerialization.jsonObject(
      with: Data(contentsOf: Fixtures.url("evaluation/scoring.json")))
    return try #require(json as? [[Any]]).compactMap { row in
      guard let reference = row[0] as? String, let hypothesis = row[1] as? String,
        let words = row[2] as? [Int],
        let characters = row[3] as? [Int], !(reference + hypothesis).unicodeScalars.contains("\n")
      else { return nil }
      return ([reference, hypothesis], words, characters)
    }
  }

  @Test(.slow) func scoreCountsAsJiwerDoes() async throws {
    let rows = try scoredLines()
    #expect(rows.count >= 400)
    func sum(_ counts: [[Int]]) -> Scores.Counts {
      let sums = (0..<4).map { column in counts.reduce(0) { $0 + $1[column] } }
      return Scores.Counts(hits: sums[0], substitutions: sums[1], deletions: sums[2], insertions: sums[3])
    }
    let texts = (0..<2).map { side in rows.map { $0.texts[side] + "\n" }.joined() }
    try await withFiles(texts[0], texts[1]) { files in
      let outcome = try await run("score", files + ["--normalizer", "none", "--json", "--details"])
      #expect(outcome.status == 0)
      let scores = try JSONDecoder().decode(Scores.self, from: Data(outcome.output.utf8))
      #expect(scores.lines == rows.count)
      #expect(scores.words == sum(rows.map(\.words)))
      #expect(scores.characters == sum(rows.map(\.characters)))
      let (wer, interval) = (try #require(scores.wer), try #require(scores.werInterval))
      #expect(interval[0] < wer && wer < interval[1])
      let errors = rows.map { $0.words[1...].reduce(0, +) }
      #expect(scores.worst?.map { errors[$0.line - 1] } == Array(errors.sorted(by: >).prefix(10)))
    }
  }

  @Test func scoreNormalizesAndShowsTheWorst() async throws {
    let said = "Mr. Park paid twenty dollars.\r\nIt's grey\n"
    try await withFiles(
      said, "mister park paid $20\nit is gray too\n", "mister park\npaid twenty dollars it's grey"
    ) {
      files in
      let outcome = try await run("score", files[0], files[1], "--details")
      #expect(outcome.status == 0)
      #expect(
        outcome.output == """
          line 2: 1 error in 3 words
            said   it is gray
            heard  it is gray too
                              I

          WER            14.29 %   95 % interval 0.00 % to 33.33 %
          words          7 in 2 lines
          right          7
          substitutions  0
          deletions      0
          insertions     1
          CER            13.33 %
          normalizer     english

          """)
      let whole = try await run("score", "--whole", files[0], "-", input: URL(filePath: files[2]))
      #expect(whole.status == 0)
      #expect(whole.output.hasPrefix("WER            0.00 %\nwords          7 in 1 line\n"))
    }
  }

  @Test func scoreSaysWhatIsWrong() async throws {
    try await withFiles("one\ntwo\n", "one\n", "") { files in
      let uneven = try await run("score", files[0], files[1])
      #expect(uneven.status == 1)
      #expect(uneven.errors.contains("has 2 lines") && uneven.errors.contains("--whole"))
      let missing = try await run("score", files[0], "/nowhere/heard.txt")
      #expect(missing.status == 1)
      #expect(missing.errors == "Error: /nowhere/heard.txt cannot be read: No such file or directory.\n")
      let sound = try await run("score", files[0], jfk.path)
      #expect(sound.status == 1)
      #expect(sound.errors.contains("UTF-8"))
      #expect(try await run("score", "-", "-").status == 64)
      #expect(try await run("score", files[0], files[0], "--normalizer", "french").status == 64)
      let empty = try await run("score", files[2], files[2])
      #expect(empty.status == 0)
      #expect(empty.output.hasPrefix("WER            0.00 %\nwords          0 in 0 lines\n"))
    }
  }

  @Test(.slow) func doctorTellsTheMachine() async throws {
    let outcome = try await run("doctor", "--threads", "1", environment: ["SWIFTLET_ISA": "portable"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("[portable]"))
    #expect(outcome.output.contains("a core and cycle"))
    #expect(outcome.output.contains("GB/s"))
    #expect(outcome.output.contains("\nGPUs"))
  }

  @Test func inspectPrintsTheModel() async throws {
    let model = Fixtures.url("checkpoints/ctranslate2-float16").path
    let outcome = try await run("inspect", model)
    #expect(outcome.status == 0)
    for part in ["CTranslate2", "none of the published sizes", "\(model)/model.bin", "embed_tokens"] {
      #expect(outcome.output.contains(part), "\(part)")
    }
  }

  @Test func helpVersionAndCompletions() async throws {
    #expect(try await run("--help").output.contains("transcribe"))
    #expect(try await run("--version").output == "0.1.0\n")
    #expect(try await run("--generate-completion-script", "bash").output.contains("swiftlet"))
    #expect(try await run("pull", "--list").output.contains("large-v3-turbo"))
  }
}
