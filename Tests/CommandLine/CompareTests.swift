// `swiftlet compare` with peers that are a few lines of shell.

import Foundation
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct CompareTests {
  private let temporary = TestFolder()
  private var folder: URL { temporary.url }

  /// Speaks the protocol; its second argument, if there is one, is the peer.
  private static let driver = #"""
    answer='{"seconds": 2, "encoder": 1, "decoder": null, "windows": 1, "tokens": null, "duration": 11,
      "memory": 1048576, "texts": ["Ask not."]}'
    answer=$(echo "$answer" | tr -d '\n')
    if [ "$1" = --long ]; then
      echo '{"peers": ["whole"]}'
      exit
    fi
    if [ $# = 0 ]; then
      echo '{"peers": ["transformers-fp32", "missing", "dies", "babbles", "waits"]}'
      exit
    fi
    read -r request
    case $1 in
      missing) echo "ModuleNotFoundError: No module named 'peer'" >&2; exit 3;;
      waits) echo '{"load": 1}'; read -r line; echo "$answer"; read -r line; kill -INT $PPID; exec sleep 60;;
    esac
    case $request in *jfk.flac*) ;; *) echo "no clips" >&2; exit 4;; esac
    if [ "$1" = whole ]; then
      case $request in *'"long":true'*) ;; *) echo "not long" >&2; exit 6;; esac
      answer='{"seconds": 4, "duration": 22, "memory": 1048576, "texts": ["Ask not.", "Thank you."]}'
    fi
    echo '{"load": 1.5}'
    passes=0
    while read -r line; do
      passes=$((passes + 1))
      [ "$1$passes" = dies2 ] && { echo "out of memory" >&2; exit 5; }
      [ "$1" = babbles ] && answer='{"seconds": '
      echo "$answer"
    done
    """#

  init() throws {
    try Data(Self.driver.utf8).write(to: folder.appending(path: "driver.py"))
    let clip = Fixtures.url("speech/jfk.flac").path
    try Data("audio\ttext\n\(clip)\tAsk not\n".utf8).write(to: folder.appending(path: "manifest.tsv"))
  }

  private func compare(_ arguments: String...) async throws -> Tool.Outcome {
    try await Tool.run(
      [
        "compare", folder.path, "--peers-python", "/bin/sh", "--peers-folder", folder.path, "--precision",
        "int8+fold",
      ]
        + arguments)
  }

  private func row(_ name: String, of outcome: Tool.Outcome) -> [String] {
    let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("| \(name) ") } ?? ""
    return line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func swiftletAndAPeerMakeATableAndAPicture() async throws {
    let svg = folder.appending(path: "speed.svg")
    let outcome = try await compare("--peers", "transformers-fp32", "--passes", "2", "--svg", svg.path)
    #expect(outcome.status == 0)
    let peer = row("transformers-fp32", of: outcome)
    #expect(peer == ["transformers-fp32", "1.50", "1000", "", "2.00", "5.5", "1", "0.00", "100", "0"])
    // It hears all 22 words of the recording, of which the manifest has two.
    let ours = row("swiftlet int8 fold", of: outcome)
    #expect(ours.count == 10 && ours.suffix(3) == ["1000.00", "0", "100"])
    #expect(try String(contentsOf: svg, encoding: .utf8).contains("transformers-fp32</text>"))
  }

  @Test(.slow) func peersThatFailAreNamedAndTheOthersGoOn() async throws {
    let outcome = try await compare("--peers", "transformers,missing,dies,babbles,nobody", "--passes", "3")
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("3 of 3 passes"))
    #expect(
      outcome.output.contains("missing: ended with exit code 3: ModuleNotFoundError: No module named 'peer'"))
    #expect(outcome.output.contains("dies: ended with exit code 5: out of memory"))
    #expect(outcome.output.contains("babbles: gave an invalid answer"))
    #expect(outcome.output.contains("nobody: there is no such peer"))
    #expect(row("dies", of: outcome).contains("2.00"), "its first pass counts")
    #expect(row("babbles", of: outcome).isEmpty && row("missing", of: outcome).isEmpty)
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func longRecordingsAreTranscribedAsUsersDo() async throws {
    let silence = folder.appending(path: "silence.wav")
    try WaveFile.data(samples: [Int16](repeating: 0, count: 32_000)).write(to: silence)
    let clip = Fixtures.url("speech/jfk.flac").path
    let said =
      "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
    try Data("id\taudio\ttext\nspeech\t\(clip)\t\(said)\nnobody\tsilence.wav\t\n".utf8)
      .write(to: folder.appending(path: "manifest.tsv"))
    let json = folder.appending(path: "long.json")
    let outcome = try await Tool.run([
      "compare", "--long", folder.path, "--peers-python", "/bin/sh", "--peers-folder", folder.path,
      "--precision", "int8", "--precision", "int8+sequential+beam2", "--passes", "1", "--json", json.path,
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("tiny.en, whole recordings,"))
    #expect(row("whole", of: outcome).prefix(6) == ["whole", "1.50", "4.00", "5.5", "1", "100.00"])
    #expect(row("whole", of: outcome).suffix(2) == ["20", "2"], "left out, invented")
    for name in ["swiftlet int8", "swiftlet int8 sequential beam2"] {
      let ours = row(name, of: outcome)
      #expect(ours.count == 9 && ours[5] == "0.00" && ours.suffix(2) == ["0", "0"], "\(name): \(ours)")
    }
    let report = try String(contentsOf: json, encoding: .utf8)
    #expect(report.contains("\"id\" : \"nobody\"") && report.contains("Thank you."))
  }

  @Test(arguments: [
    ["--long", "--precision", "int8+fold"], ["--precision", "int8+sequential"],
    ["--precision", "int8+beam5"], ["--long", "--precision", "int8+beam0"],
    ["--long", "--precision", "int8+beam2+beam3"], ["--long", "--precision", "int8+"],
  ])
  func precisionsThatMeanNothingAreRefused(_ arguments: [String]) async throws {
    let outcome = try await Tool.run(["compare", folder.path, "--peers", "none"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(arguments.last ?? ""), "it names what was given")
  }

  @Test func interruptedItPrintsTheCompletePasses() async throws {
    let outcome = try await compare("--peers", "waits", "--passes", "3")
    #expect(outcome.status == 130)
    #expect(outcome.output.contains("1 of 3 passes"))
    #expect(row("waits", of: outcome).contains("2.00"))
  }

  @Test(.slow, .enabled(if: Fixtures.readsMedia)) func withoutPeersSwiftletIsMeasuredAlone() async throws {
    // Not in a folder that anybody could have made.
    let missing = try await Tool.run(
      ["compare", folder.path, "--peers-folder", folder.path, "--precision", "int8", "--passes", "1"],
      environment: ["SWIFTLET_PEERS": "", "XDG_DATA_HOME": "/nowhere"])
    #expect(missing.status == 1)
    #expect(missing.output.contains("peers: there is no /nowhere/swiftlet/peers/bin/python"))
    #expect(row("swiftlet int8", of: missing).count == 10)
    #expect(try await compare("--passes", "0").status == 64)
    #expect(try await compare("--language", "klingon").status == 64)
    #expect(try await compare("--precision", "int8+bend").status == 64)
  }
}
