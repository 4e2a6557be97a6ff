// Reports: on the terminal, as JSON, as a page.

import Foundation
import SwiftletEvaluation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite struct ReportTests {
  private static let hypotheses = ["a": "the cat <sat>", "b": "a dog & co more"]
  private let data: TemporaryDataset

  init() throws {
    let chapter = "test-clean/1/2"
    data = try TemporaryDataset([
      "\(chapter)/1-2.trans.txt": "a the cat <sat>\nb a big dog & co\nc\nd gone\n", "\(chapter)/a.flac": "x",
      "\(chapter)/b.flac": "x", "\(chapter)/c.flac": "x",
    ])
  }

  /// tiny.en at two precisions, of which the second hears nothing in `b`.
  private func results() async throws -> ([RunResult], [String: [DatasetProblem]]) {
    let dataset = try Dataset.open(data.path("test-clean"))
    var results: [RunResult] = []
    for precision in ["fp32", "int8/fp32"] {
      let run = RunIdentity(
        dataset: dataset.path, model: "tiny.en", publishedModel: "tiny.en", digest: "0123",
        precision: precision,
        options: ["tail": "exact"], version: "1")
      let journal = try Journal(data.url("\(precision.count).jsonl"), runs: [run])
      results.append(
        try await evaluate(
          dataset, as: run, normalization: Normalization.none, journal: journal, peakMemory: { nil },
          progress: { _ in }
        ) { utterance in
          Recognition(
            text: precision == "fp32" || utterance.id == "a" ? Self.hypotheses[utterance.id] ?? "" : "",
            language: "en", duration: utterance.id == "a" ? 75 : 10, seconds: utterance.id == "a" ? 3 : 1)
        })
    }
    return (results, [dataset.path: dataset.problems])
  }

  @Test func theTableHasAllRunsAgainstThePublishedRate() async throws {
    let (results, _) = try await results()
    let text = textReport(of: results, shown: 1, width: 100, coloured: false)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let rows = lines[1...2].map { $0.split(separator: " ").map(String.init) }
    #expect(lines[0].hasPrefix("data set    model    precision"))
    #expect(rows[0].prefix(5) == ["test-clean", "tiny.en", "fp32", "2", "25.00"])
    #expect(rows[1].prefix(3) == ["test-clean", "tiny.en", "int8/fp32"])
    #expect(rows[0].suffix(7) == ["1:25", "4.0", "s", "21.2", "n/a", "5.66", "+19.34"])
    let (header, cells) = (columns(lines[0]), columns(lines[2]))
    let leftOut = header.firstIndex(of: "left out") ?? 0
    #expect(cells[leftOut] == "5" && header[leftOut + 1] == "invented" && cells[leftOut + 1] == "0")
    #expect(lines[3].contains("2 of the 2620 recordings of test-clean"))
    #expect(
      text.contains("b: 2 errors in 5 words, WER 40.00 %, 10.0 s of audio in 1000 ms, 10.0 x real time"))
    #expect(
      text.contains("\n  said   a big dog & co\n  heard  a     dog & co more\n           D            I\n"))
    #expect(text.contains("Slowest, tiny.en at fp32 on test-clean:\na: 0 errors in 3 words"))
    #expect(!text.contains("\u{1B}"))
    #expect(!textReport(of: results, shown: 0, width: 100, coloured: false).contains("Slowest"))
  }

  /// The cells of a line of a table, which two spaces keep apart.
  private func columns(_ line: String) -> [String] {
    line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  @Test func coloursMarkWords() async throws {
    let text = textReport(of: try await results().0, shown: 1, width: 100, coloured: true)
    #expect(text.contains("a \u{1B}[31mbig\u{1B}[0m dog & co\n"))
    #expect(text.contains("cat <sat>"))
  }

  @Test func longStretchesWithoutErrorsAreCut() async throws {
    let words = (1...20).map { "w\($0)" }
    try data.write("a \(words.joined(separator: " ")) end\n", to: "test-clean/1/2/1-2.trans.txt")
    let dataset = try Dataset.open(data.path)
    let run = RunIdentity(
      dataset: dataset.path, model: "m", publishedModel: nil, digest: "", precision: "fp32", options: [:],
      version: "1")
    let result = try await evaluate(
      dataset, as: run, normalization: Normalization.none,
      journal: try Journal(data.url("long.jsonl"), runs: [run]), peakMemory: { nil }, progress: { _ in }
    ) { _ in Recognition(text: words.joined(separator: " "), duration: 1, seconds: 1) }
    let text = textReport(of: [result], shown: 1, width: 100, coloured: false)
    #expect(text.contains("  said   w1 w2 w3 w4 w5 w6 ... w15 w16 w17 w18 w19 w20 end\n"))
  }

  @Test func JSONHoldsEverything() async throws {
    let (results, problems) = try await results()
    struct Report: Decodable {
      struct Run: Decodable {
        struct Errors: Decodable {
          var rate: Double?
          var interval: [Double]?
          var substitutions: Int
          var deletions: Int
          var insertions: Int
          var hits: Int
        }
        struct Entry: Decodable {
          var id: String
          var reference: String
          var hypothesis: String
          var words: Errors
          var unmatched: UnmatchedWords
        }
        var run: RunIdentity
        var words: Errors
        var unmatched: UnmatchedWords
        var characters: Errors
        var publishedRate: Double?
        var duration: Double
        var speed: Double
        var peakMemory: Int?
        var utterances: [Entry]
        var skipped: [DatasetProblem]
      }
      var runs: [Run]
    }
    let report = try JSONDecoder().decode(
      Report.self, from: try jsonReport(of: results, problems: problems))
    #expect(report.runs.map(\.run) == results.map(\.run))
    let first = try #require(report.runs.first)
    #expect(first.words.rate == 0.25 && first.words.hits == 7 && first.words.insertions == 1)
    #expect(first.words.interval?.count == 2)
    #expect(first.publishedRate == 0.0566 && first.duration == 85 && first.speed == 21.25)
    #expect(first.utterances.map(\.id) == ["a", "b"])
    #expect(report.runs.map(\.unmatched.leftOut) == [0, 5])
    #expect(report.runs.last?.utterances.map(\.unmatched) == [UnmatchedWords(), UnmatchedWords(leftOut: 5)])
    #expect(first.utterances.last?.hypothesis == "a dog & co more")
    #expect(first.skipped.map(\.kind) == [.emptyReference, .missingAudio])
  }

  @Test func thePageIsWellFormedAndNeedsNothingElse() async throws {
    let (results, problems) = try await results()
    let page = htmlReport(of: results, problems: problems)
    let reader = PageReader()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = reader
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(reader.rows["summary"] == 3, "a head and two runs")
    #expect(reader.rows["utterances"] == 5, "a head and two utterances of two runs")
    #expect(reader.columns["utterances"]?.count == 1, "as many cells in each row")
    #expect(reader.columns["summary"]?.count == 1)
    #expect(reader.elements["option"] == 3 && reader.elements["li"] == 4)
    #expect(reader.deleted == ["word", "big", "a", "big", "dog", "&", "co"])
    #expect(reader.text.contains("the cat <sat>"), "escaped once")
    #expect(reader.text.contains("there is no file \(data.path("test-clean/1/2/d.flac"))"))
    #expect(reader.references.allSatisfy { $0.hasPrefix("file:///") } && reader.references.count == 4)
    for word in ["src=", "@import", "url(", "fetch("] { #expect(!page.contains(word), "\(word)") }
  }

  @Test func controlCharactersDoNotBreakThePage() async throws {
    let data = try TemporaryDataset([
      "manifest.jsonl":
        "{\"audio\": \"a.wav\", \"id\": \"\\u0000\\\"'<>&]]>\", \"text\": \"a\\u001bb \\uffff\"}",
      "a.wav": "x",
    ])
    let dataset = try Dataset.open(data.path)
    let run = RunIdentity(
      dataset: dataset.path, model: "<m>", publishedModel: nil, digest: "", precision: "fp32", options: [:],
      version: "1")
    let result = try await evaluate(
      dataset, as: run, normalization: Normalization.none,
      journal: try Journal(data.url("j.jsonl"), runs: [run]),
      peakMemory: { nil }, progress: { _ in }
    ) { _ in Recognition(text: "]]> \u{7}", duration: 1, seconds: 1) }
    let parser = XMLParser(data: Data(htmlReport(of: [result], problems: [:]).utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
  }
}

/// Counts what a page holds.
private final class PageReader: NSObject, XMLParserDelegate {
  private(set) var elements: [String: Int] = [:]
  /// By the table's id.
  private(set) var rows: [String: Int] = [:]
  private(set) var columns: [String: Set<Int>] = [:]
  private(set) var references: [String] = []
  private(set) var deleted: [String] = []
  private(set) var text = ""
  private var table = ""
  private var cells = 0
  private var isDeleted = false

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    elements[name, default: 0] += 1
    if name == "table" { table = attributes["id"] ?? "" }
    if name == "tr" {
      rows[table, default: 0] += 1
      cells = 0
    }
    if name == "td" || name == "th" { cells += 1 }
    if let reference = attributes["href"] { references.append(reference) }
    if name == "del" {
      isDeleted = true
      deleted.append("")
    }
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    if name == "tr" { columns[table, default: []].insert(cells) }
    if name == "del" { isDeleted = false }
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    text += string
    if isDeleted { deleted[deleted.count - 1] += string }
  }
}
