// Engines side by side: statistics, tables, the picture.

import Foundation
import Testing

@testable import SwiftletEvaluation

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite struct ComparisonTests {
  private static let recordings = ["the cat sat", "a big dog"].map { Comparison.Recording(id: $0, text: $0) }

  private func pass(_ seconds: Double, _ texts: [String], tokens: Int? = 20, memory: Int = 1 << 20)
    -> ComparedPass
  {
    ComparedPass(
      seconds: seconds, encoder: tokens == nil ? nil : seconds / 2,
      decoder: tokens == nil ? nil : seconds / 4,
      windows: 2, tokens: tokens, duration: 10, memory: memory, texts: texts)
  }

  private func comparison(withReference: Bool = true, isLong: Bool = false) -> Comparison {
    let right = ["The cat sat.", "A big dog."]
    let wrong = ["The cat sat. ", "A dog, I think."]
    return Comparison(
      title: "tiny & <small>", isLong: isLong,
      contenders: [
        Contender(
          name: "ours", isSwiftlet: true, load: 0.5,
          passes: [pass(1, right), pass(2, right), pass(1, wrong, memory: 3 << 20)]),
        Contender(
          name: withReference ? Comparison.referenceEngine : "another", isSwiftlet: false, load: 4,
          passes: [pass(4, right), pass(4, right), pass(5, right)]),
        Contender(name: "q8 <fast>", isSwiftlet: false, load: 1, passes: [pass(10, wrong, tokens: nil)]),
        Contender(name: "ended early", isSwiftlet: false, load: 1),
      ],
      failures: [Comparison.Failure(name: "gone", reason: "no module")],
      recordings: Self.recordings, normalization: .english)
  }

  @Test func medianAndRange() throws {
    #expect(Spread([]) == nil)
    let odd = try #require(Spread([3, 1, 2]))
    #expect((odd.minimum, odd.median, odd.maximum) == (1, 2, 3))
    #expect(Spread([4, 1, 2, 3])?.median == 2.5)
    #expect(odd.text(digits: 1) == "2.0 (1.0-3.0)")
    #expect(Spread([2])?.text(digits: 2) == "2.00")
  }

  @Test func rowsHoldSpeedQualityAndRatiosOfPassesSideBySide() throws {
    let rows = comparison().rows
    #expect(rows.map(\.name) == ["ours", "transformers-fp32", "q8 <fast>"])
    let (ours, theirs) = (rows[0], rows[1])
    #expect(ours.speed == Spread([10, 5, 10]))
    #expect(ours.encoder == Spread([0.25, 0.5, 0.25]))
    #expect(ours.decoder == Spread([0.0125, 0.025, 0.0125]))
    #expect(ours.memory == 3 << 20)
    // The last pass counts: two other words for "big dog", and one too many (as jiwer has it).
    #expect(ours.words == EditCounts(hits: 4, substitutions: 2, deletions: 0, insertions: 1))
    #expect(ours.same == 0.5 && ours.worse == 0.5)
    #expect(theirs.wordErrorRate == 0 && theirs.same == 1 && theirs.worse == 0)
    #expect(theirs.ratios["ours"] == Spread([4, 2, 5]))
    #expect(rows[2].ratios["ours"] == Spread([10]))
    #expect(rows[2].encoder == nil && rows[2].decoder == nil)
    #expect(theirs.ratios["another"] == nil)
  }

  @Test func withoutTheReferenceEngineTheSharesAreUnknown() {
    let rows = comparison(withReference: false).rows
    #expect(rows.allSatisfy { $0.same == nil && $0.worse == nil })
    #expect(rows[0].wordErrorRate == 0.5)
  }

  @Test func theReportNamesAllAndWhoIsMissing() throws {
    let text = comparisonReport(of: comparison())
    let lines = text.split(separator: "\n").map(String.init)
    func cells(_ prefix: String) -> [[String]] {
      lines.filter { $0.hasPrefix("| \(prefix)") }.map { line in
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      }
    }
    #expect(
      cells("ours")[0] == [
        "ours", "0.50", "250", "12.50", "1.00 (1.00-2.00)", "10.0 (5.0-10.0)", "3", "50.00", "50", "50",
      ])
    #expect(cells("transformers-fp32")[1] == ["transformers-fp32", "4.00 (2.00-5.00)"])
    #expect(text.contains("\n  gone: no module"))
    #expect(Set(lines.filter { $0.hasPrefix("|") }.prefix(5).map(\.count)).count == 1, "columns are aligned")
    let json = try JSONSerialization.jsonObject(with: jsonReport(of: comparison())) as? [String: Any]
    #expect((json?["rows"] as? [Any])?.count == 3)
  }

  @Test func wholeRecordingsAreAskedForWordsLeftOutAndInvented() throws {
    let said = (1...30).map { String(repeating: "ka", count: $0) }
    func long(_ texts: [String]) -> ComparedPass {
      ComparedPass(
        seconds: 5, encoder: nil, decoder: nil, windows: nil, tokens: nil, duration: 100, memory: 2 << 20,
        texts: texts)
    }
    let comparison = Comparison(
      title: "long", isLong: true,
      contenders: [
        Contender(
          name: "ours", isSwiftlet: true, load: 0.5,
          passes: [long([said.joined(separator: " "), ""])]),
        Contender(
          name: "lossy", isSwiftlet: false, load: 1,
          passes: [long([(said[..<10] + said[16...]).joined(separator: " "), "Thank you for watching."])]),
      ],
      failures: [],
      recordings: [
        Comparison.Recording(id: "talk", text: said.joined(separator: " ")),
        Comparison.Recording(id: "silence", text: ""),
      ], normalization: .english)
    let (ours, lossy) = (comparison.rows[0], comparison.rows[1])
    #expect(ours.wordErrorRate == 0 && ours.interval == 0...0 && ours.unmatched == UnmatchedWords())
    #expect(lossy.words == EditCounts(hits: 24, deletions: 6, insertions: 4))
    #expect(lossy.unmatched == UnmatchedWords(leftOut: 6, invented: 4))
    #expect(lossy.wordErrorRate.map { abs($0 - 1.0 / 3) < 1e-12 } == true)
    #expect(lossy.encoder == nil && lossy.ratios["ours"] == Spread([1]))
    let lines = comparisonReport(of: comparison).split(separator: "\n").map(String.init)
    let cells = lines.first { $0.hasPrefix("| lossy") }?.split(separator: "|").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    #expect(cells?.prefix(6) == ["lossy", "1.00", "5.00", "20.0", "2", "33.33"])
    #expect(cells?.suffix(2) == ["6", "4"] && cells?.count == 9)
    #expect(lines.contains { $0.hasPrefix("30 words are said.") })
    #expect(speedChart(of: comparison) != nil)
    let json = try JSONSerialization.jsonObject(with: jsonReport(of: comparison)) as? [String: Any]
    let recordings = json?["recordings"] as? [[String: String]]
    #expect(recordings?.map { $0["id"] } == ["talk", "silence"] && recordings?[1]["text"] == "")
    let row = (json?["rows"] as? [[String: Any]])?[1]
    #expect((row?["unmatched"] as? [String: Int]) == ["leftOut": 6, "invented": 4])
    #expect((row?["interval"] as? [Double])?.count == 2)
    #expect(((row?["passes"] as? [[String: Any]])?[0]["texts"] as? [String])?[1] == "Thank you for watching.")
  }

  @Test func answersThatCannotBeAreNoticed() {
    #expect(pass(1, ["a", "b"]).problem(clips: 2) == nil)
    #expect(pass(1, ["a"]).problem(clips: 2)?.contains("1 texts for 2 clips") == true)
    #expect(pass(0, ["a"]).problem(clips: 1) != nil)
    #expect(pass(.nan, ["a"]).problem(clips: 1) != nil)
  }

  @Test func axesHoldAllValues() {
    let speeds = LogarithmicScale([3, 240])
    #expect(speeds.marks == [2, 5, 10, 20, 50, 100, 200, 500])
    #expect(speeds.place(2) == 0 && speeds.place(500) == 1)
    #expect(abs(speeds.place(10) - log(5) / log(250)) < 1e-12)
    #expect(LogarithmicScale([10]).marks == [10, 20])
    let rates = LinearScale([13.2, 16.9])
    #expect(rates.marks == [12, 13, 14, 15, 16, 17, 18])
    #expect(rates.place(15) == 0.5)
    #expect(LinearScale([0, 0]).first == 0)
  }

  @Test func labelsKeepApart() {
    let points = (0..<12).map { (x: 400 + Double($0), y: 200.0) }
    let area = Box(x: 0, y: 0, width: 900, height: 500)
    let boxes = placeLabels(
      of: points, widths: points.map { _ in 150 }, height: 17, obstacle: 6, in: area)
    for (index, box) in boxes.enumerated() {
      #expect(area.contains(box))
      #expect(!boxes[..<index].contains { $0.overlaps(box) })
    }
  }

  @Test func thePictureHasThePointsWhereTheyMustBe() throws {
    let chart = try #require(speedChart(of: comparison()))
    let circles = Elements(named: "circle", in: chart)
    #expect(circles.isComplete, "well-formed")
    func attribute(_ name: String) -> [Double] {
      circles.attributes.compactMap { $0[name].flatMap(Double.init) }
    }
    // Speeds of 10, 2.5 and 1 on an axis from 1 to 10 that is 860 wide; rates of 50, 0 and 50 %.
    let (x, y) = (attribute("cx"), attribute("cy"))
    #expect(
      x.count == 3 && abs(x[0] - 930) < 0.1 && abs(x[1] - (70 + 860 * log10(2.5))) < 0.1
        && abs(x[2] - 70) < 0.1)
    #expect(y.count == 3 && y[0] == y[2] && y[1] > y[0], "better is lower")
    let labels = Elements(named: "text", in: chart).texts
    #expect(["ours", "transformers-fp32", "q8 <fast>", "tiny & <small>"].allSatisfy(labels.contains))
    let empty = Comparison(
      title: "", isLong: false, contenders: [], failures: [], recordings: [], normalization: .english)
    #expect(speedChart(of: empty) == nil)
  }
}

/// The elements of one name in a text in XML.
private final class Elements: NSObject, XMLParserDelegate {
  private(set) var attributes: [[String: String]] = []
  private(set) var texts: [String] = []
  private(set) var isComplete = false
  private let name: String
  private var isInside = false

  init(named name: String, in text: String) {
    self.name = name
    super.init()
    let parser = XMLParser(data: Data(text.utf8))
    parser.delegate = self
    isComplete = parser.parse()
  }

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    isInside = element == name
    guard isInside else { return }
    self.attributes.append(attributes)
    texts.append("")
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if isInside { texts[texts.count - 1] += string }
  }

  func parser(
    _ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?
  ) { isInside = false }
}
