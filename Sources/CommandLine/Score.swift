// `swiftlet score`: the word error rate of one text against another.

import ArgumentParser
import Foundation
import Swiftlet
public import SwiftletEvaluation

extension Normalization: ExpressibleByArgument {}

struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Count the word errors of a text against a reference.",
    discussion: """
      Both are UTF-8 text files, compared line by line; - is stdin.

        swiftlet score said.txt heard.txt
        swiftlet transcribe talk.flac | swiftlet score --whole --details talk.txt -

      The word error rate (WER) is the number of substituted, deleted and inserted words, divided by the number of words \
      in the reference. The interval holds 95 % of the rates when lines are drawn at random from these lines (bootstrap). \
      Counts are jiwer's. Exit codes: 1 a text could not be read, or the numbers of lines differ; 64 the command was \
      not understood; 74 the result could not be written.
      """)

  @Argument(help: "Reference: what was said.", completion: .file())
  var reference: String

  @Argument(help: "Hypothesis: what was recognized.", completion: .file())
  var hypothesis: String

  @Option(
    help: ArgumentHelp(
      "Normalizer applied first: english, basic, characters or none.",
      discussion: """
        english is Whisper's normalizer for English (case, punctuation, numbers, contractions, spelling); basic is \
        Whisper's for other languages (case, punctuation); characters is the same by character, for languages without \
        spaces between words; none compares the words as they are.
        """))
  var normalizer: Normalization = .english

  @Flag(help: "Compare the texts as a whole, ignoring line breaks.")
  var whole = false

  @Flag(help: "Show the lines with the most errors, word by word.")
  var details = false

  @Option(help: "Number of lines that --details shows.")
  var worst = 10

  @Flag(
    help: "Print JSON: counts, rates as fractions, the interval; with --details, lines and alignments.")
  var json = false

  func validate() throws {
    guard reference != "-" || hypothesis != "-" else {
      throw ValidationError("Only one of the two texts can be standard input.")
    }
    guard worst >= 0 else { throw ValidationError("--worst must be 0 or more.") }
  }

  func run() throws {
    let (said, heard) = (try lines(of: reference), try lines(of: hypothesis))
    guard said.count == heard.count else {
      StandardError.message(
        """
        Error: \(name(reference)) has \(said.count) lines and \(name(hypothesis)) has \(heard.count), so they can't be \
        compared line by line; use --whole to compare them as a whole.
        """)
      throw ExitCode.textFailed
    }
    let normalizer = normalizer.normalizer
    let scores = zip(said, heard).map {
      UtteranceScore(reference: $0, hypothesis: $1, normalizer: normalizer)
    }
    let report = ScoreReport(scores, normalizer: self.normalizer, worst: details ? worst : 0)
    guard !json else { return try StandardOutput.print(json: report) }
    try StandardOutput.print(report.text(namingLines: !whole))
  }

  /// The lines of a file, or the whole of it as one.
  private func lines(of path: String) throws -> [String] {
    let data: [UInt8]
    do {
      data = try LocalFile(path).contents()
    } catch {
      StandardError.message("Error: \(name(path)) cannot be read: \(error).")
      throw ExitCode.textFailed
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      StandardError.message("Error: \(name(path)) is not UTF-8 text; convert it, for example with iconv.")
      throw ExitCode.textFailed
    }
    // A byte order mark says how the text is written and is no part of it.
    let scalars = text.unicodeScalars.drop { $0 == "\u{FEFF}" }
    if whole { return [String(scalars)] }
    var lines = scalars.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { String($0.last == "\r" ? $0.dropLast() : $0) }
  }

  private func name(_ path: String) -> String {
    path == "-" ? "standard input" : LocalFile(path).displayedPath
  }
}

/// All that is printed.
private struct ScoreReport: Encodable {
  struct Line: Encodable {
    var line: Int
    var counts: EditCounts
    var alignment: WordAlignment
  }

  var normalizer: Normalization
  var lines: Int
  var emptyReferences: Int
  var wer: Double?
  var werInterval: [Double]?
  var words: EditCounts
  var cer: Double?
  var characters: EditCounts
  var worst: [Line]?

  init(_ scores: [UtteranceScore], normalizer: Normalization, worst: Int) {
    self.normalizer = normalizer
    lines = scores.count
    emptyReferences = scores.count { $0.words.referenceCount == 0 }
    words = scores.reduce(into: EditCounts()) { $0 += $1.words }
    characters = scores.reduce(into: EditCounts()) { $0 += $1.characters }
    wer = words.rate
    cer = characters.rate
    if scores.count > 1, let interval = bootstrapInterval(of: scores.map(\.words)) {
      werInterval = [interval.lowerBound, interval.upperBound]
    }
    guard worst > 0 else { return }
    let order = scores.indices.filter { scores[$0].words.errors > 0 }
      .sorted { (scores[$1].words.errors, $0) < (scores[$0].words.errors, $1) }
    self.worst = order.prefix(worst).map {
      Line(line: $0 + 1, counts: scores[$0].words, alignment: scores[$0].alignment)
    }
  }

  func text(namingLines: Bool) -> String {
    var parts = (worst ?? []).map { line in
      let counts = line.counts
      let title = "\(counts.errors) error\(counts.errors == 1 ? "" : "s") in \(counts.referenceCount) words"
      return (namingLines ? "line \(line.line): " : "") + title + "\n"
        + line.alignment.text(width: Terminal.width, coloured: Terminal.isColoured) + "\n"
    }
    let interval = werInterval.map { "   95 % interval \(rate($0[0])) to \(rate($0[1]))" } ?? ""
    let empty = emptyReferences > 0 ? ", \(emptyReferences) of them empty in the reference" : ""
    parts.append(
      """
      WER            \(rate(wer))\(interval)
      words          \(words.referenceCount) in \(lines) line\(lines == 1 ? "" : "s")\(empty)
      right          \(words.hits)
      substitutions  \(words.substitutions)
      deletions      \(words.deletions)
      insertions     \(words.insertions)
      CER            \(rate(cer))
      normalizer     \(normalizer.rawValue)
      """)
    return parts.joined(separator: "\n")
  }

  private func rate(_ rate: Double?) -> String {
    rate.map { "\(percent($0)) %" } ?? "none: the reference is empty"
  }
}
