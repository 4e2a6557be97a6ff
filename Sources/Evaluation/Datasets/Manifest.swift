// Manifests: a line an utterance, with its audio and its text.

import Foundation
import SwiftletFiles

/// How a manifest is written; the raw value is the extension of its name.
enum ManifestFormat: String, CaseIterable {
  /// Columns with tabs between them, quotes meaning nothing.
  case tsv
  /// Columns with commas between them, quotes as in RFC 4180.
  case csv
  /// A JSON object a line.
  case jsonl

  init?(_ file: URL) { self.init(rawValue: file.pathExtension.lowercased()) }
}

/// Reads a manifest; a relative path of audio is relative to the manifest.
func readManifest(
  _ file: URL, _ format: ManifestFormat, name: String, allowsEmptyText: Bool
) throws(DatasetError) -> Dataset {
  let path = file.path(percentEncoded: false)
  let bytes: [UInt8]
  do {
    bytes = try SystemFiles.contents(of: path)
  } catch {
    throw .unreadable(path: path, reason: error.description)
  }
  var collector = DatasetCollector(allowsEmptyText: allowsEmptyText)
  for entry in try entries(of: bytes, format, path) {
    let place = "\(path):\(entry.line)"
    switch entry.columns {
    case .success(let columns): collector.add(columns.utterance(beside: file), at: place)
    case .failure(let malformed):
      collector.add(DatasetProblem(.malformedLine, place: place, id: nil, detail: malformed.reason))
    }
  }
  return Dataset(
    name: name, path: path, split: nil, utterances: collector.utterances, problems: collector.problems)
}

/// What a manifest says of one utterance.
private struct Columns {
  var audio: String
  var text: String
  var language: String?
  var id: String?

  func utterance(beside manifest: URL) -> Utterance {
    let audio = audio.trimmingCharacters(in: .whitespaces)
    let expanded = NSString(string: audio).expandingTildeInPath
    let file = URL(filePath: expanded, relativeTo: manifest.deletingLastPathComponent()).standardizedFileURL
    return Utterance(
      id: filled(id) ?? audio, audio: file.path(percentEncoded: false),
      text: text.trimmingCharacters(in: .whitespacesAndNewlines), language: filled(language))
  }

  private func filled(_ text: String?) -> String? {
    let text = text?.trimmingCharacters(in: .whitespaces) ?? ""
    return text.isEmpty ? nil : text
  }
}

private typealias Entry = (line: Int, columns: Result<Columns, DelimitedText.Malformed>)

private func entries(
  of bytes: [UInt8], _ format: ManifestFormat, _ path: String
) throws(DatasetError) -> [Entry] {
  switch format {
  case .tsv: try tableEntries(DelimitedText(bytes, delimiter: "\t", hasQuotes: false), path)
  case .csv: try tableEntries(DelimitedText(bytes, delimiter: ",", hasQuotes: true), path)
  case .jsonl: jsonEntries(bytes)
  }
}

private func tableEntries(_ table: DelimitedText, _ path: String) throws(DatasetError) -> [Entry] {
  var table = table
  var header: [String] = []
  if let first = table.next(), case .success(let names) = first.fields {
    header = names.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
  }
  func required(_ column: String) throws(DatasetError) -> Int {
    guard let index = header.firstIndex(of: column) else {
      throw .missingColumn(file: path, column: column, found: header)
    }
    return index
  }
  let (audio, text) = (try required("audio"), try required("text"))
  let (language, id) = (header.firstIndex(of: "language"), header.firstIndex(of: "id"))
  return table.map { record in
    let columns = record.fields.flatMap { fields -> Result<Columns, DelimitedText.Malformed> in
      guard fields.count == header.count else {
        let reason = "there are \(fields.count) columns, but the first line names \(header.count)"
        return .failure(DelimitedText.Malformed(reason: reason))
      }
      return .success(
        Columns(
          audio: fields[audio], text: fields[text], language: language.map { fields[$0] },
          id: id.map { fields[$0] }))
    }
    return (record.line, columns)
  }
}

/// A line of a JSONL manifest; an id may be written as a number.
private struct ManifestLine: Decodable {
  var audio: String
  var text: String
  var language: String?
  var id: Identifier?

  struct Identifier: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      text = try (try? value.decode(Int.self)).map(String.init) ?? value.decode(String.self)
    }
  }
}

private func jsonEntries(_ bytes: [UInt8]) -> [Entry] {
  let decoder = JSONDecoder()
  let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  return lines.enumerated().compactMap { index, line -> Entry? in
    guard line.contains(where: { $0 > UInt8(ascii: " ") }) else { return nil }
    do {
      let found = try decoder.decode(ManifestLine.self, from: Data(line))
      let columns = Columns(
        audio: found.audio, text: found.text, language: found.language, id: found.id?.text)
      return (index + 1, .success(columns))
    } catch {
      return (index + 1, .failure(DelimitedText.Malformed(reason: reason(error))))
    }
  }
}

private func reason(_ error: any Error) -> String {
  func key(_ path: [any CodingKey]) -> String { path.first?.stringValue ?? "the line" }
  switch error {
  case DecodingError.keyNotFound(let missing, _): return "\(missing.stringValue) is missing"
  case DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty,
    DecodingError.valueNotFound(_, let context) where !context.codingPath.isEmpty:
    return "\(key(context.codingPath)) is not a string"
  default: return "the line is not a JSON object"
  }
}
