// What happens to the tool when whoever started it closes a stream, stops reading, or presses Control-C.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct ClosedStreamTests {
  private let jfk = Fixtures.url("speech/jfk.flac").path

  private func shell(_ script: String, _ arguments: String...) async throws -> Tool.Outcome {
    try await Tool.run(
      ["-c", script, "sh", Tool.url.path, jfk] + arguments, of: URL(filePath: "/bin/sh"))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func withoutStandardErrorThereIsStillAResult() async throws
  {
    let outcome = try await shell("\"$1\" vad \"$2\" /nowhere 2>&-; \"$1\" vad \"$2\" 2>&-")
    #expect(outcome.status == 0)
    #expect(outcome.output.split(separator: "\n").count > 1)
    // A message that nobody can read is no reason to crash either.
    let failing = try await shell("\"$1\" vad /nowhere/talk.flac 2>&-")
    #expect(failing.status == 1 && failing.output.isEmpty)
    let transcribed = try await shell("\"$1\" transcribe \"$2\" 2>&-")
    #expect(transcribed.status == 0 && transcribed.output.contains("fellow Americans"))
  }

  /// What is opened later must not take the place of the stream, and be written into.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func messagesDoNotGetIntoFiles() async throws {
    let folder = TestFolder.place("new")
    defer { try? FileManager.default.removeItem(at: folder) }
    let outcome = try await shell(
      "\"$1\" transcribe --timings \"$2\" /nowhere/talk.flac -f txt -o \"$3\" 0<&- 2>&-", folder.path)
    #expect(outcome.status == 1)
    let text = try String(contentsOf: folder.appending(path: "jfk.txt"), encoding: .utf8)
    #expect(text.contains("fellow Americans") && !text.contains("Error") && !text.contains("encoder"))
  }

  @Test(.enabled(if: Fixtures.readsMedia)) func withoutStandardOutputTheResultCannotBeWritten() async throws {
    let outcome = try await shell("\"$1\" vad \"$2\" >&-")
    #expect(outcome.status == 74)
    #expect(outcome.errors.contains("cannot be written"))
  }

  /// A pipe whose reader has gone: by the signal that others end with, or, where it is ignored, by the same exit code.
  @Test(.enabled(if: Fixtures.readsMedia), arguments: ["", "trap '' PIPE; "])
  func whoStopsReadingIsNotTold(trap: String) async throws {
    let pipe = TestFolder.place("new").path
    defer { unlink(pipe) }
    let outcome = try await shell(
      trap
        + "mkfifo \"$3\"; : <\"$3\" & exec 3>\"$3\"; wait; (\"$1\" vad \"$2\" >&3); echo \"status $?\"",
      pipe)
    #expect(outcome.output == "status 141\n")
    #expect(outcome.errors.isEmpty)
  }

  /// A shell watches it: this process may be too busy to notice before the stream has ended by itself.
  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func controlCEndsAStreamInOrder() async throws {
    let folder = TestFolder.place("new")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = #"""
      cd "$3" || exit 99
      "$1" stream --json --realtime "$2" > output 2> errors & stream=$!
      for i in $(seq 2400); do [ -s output ] && break; sleep 0.05; done
      kill -INT $stream; wait $stream; status=$?
      cat errors >&2; cat output; exit $status
      """#
    let outcome = try await Tool.run(
      [
        "-c", script, "sh", Tool.url.path, Fixtures.url("speech/long/1688-142285.opus").path, folder.path,
      ], of: URL(filePath: "/bin/sh"))
    #expect(outcome.status == 130)
    #expect(outcome.errors.hasSuffix("Interrupted.\n"))
    #expect(outcome.output.hasPrefix("{"))
  }
}
