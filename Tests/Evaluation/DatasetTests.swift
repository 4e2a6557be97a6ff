// Data sets of every kind, whole and damaged.

import Foundation
import SwiftletEvaluation
import Testing

@Suite struct DatasetTests {
  private func open(_ data: TemporaryDataset, _ name: String = "") throws -> Dataset {
    try Dataset.open(name.isEmpty ? data.path : data.path(name))
  }

  @Test func aTSVManifestAsItIs() throws {
    let data = try TemporaryDataset([
      "manifest.tsv": "\u{FEFF}audio\tseconds\ttext\tsource\r\na.flac\t1.0\tHe said \"no\", twice\there\r\n"
        + "sub/b.wav\t2.5\t\"Quotes are text.\tthere\r\n",
      "a.flac": "x", "sub/b.wav": "x",
    ])
    let dataset = try open(data)
    #expect(dataset.name == data.folder.lastPathComponent)
    #expect(dataset.problems.isEmpty && dataset.split == nil)
    #expect(
      dataset.utterances == [
        Utterance(id: "a.flac", audio: data.path("a.flac"), text: "He said \"no\", twice"),
        Utterance(id: "sub/b.wav", audio: data.path("sub/b.wav"), text: "\"Quotes are text."),
      ])
  }

  @Test func aCSVManifestWithQuotesAndAllColumns() throws {
    let data = try TemporaryDataset([
      "calls.csv": """
      ID,Text,language,Audio
      one,"Hello, ""you""
      there",fr,a.flac

      two,plain "quotes" inside,,\"a.flac"
      """, "a.flac": "x",
    ])
    let dataset = try open(data, "calls.csv")
    #expect(dataset.name == "calls" && dataset.problems.isEmpty)
    #expect(
      dataset.utterances == [
        Utterance(id: "one", audio: data.path("a.flac"), text: "Hello, \"you\"\nthere", language: "fr"),
        Utterance(id: "two", audio: data.path("a.flac"), text: "plain \"quotes\" inside"),
      ])
  }

  @Test func aJSONLinesManifest() throws {
    let data = try TemporaryDataset([
      "manifest.jsonl": """
      {"audio": "a.flac", "text": " été ", "language": "fr", "duration": 3.5}

      {"text": "tab\\tand \\u00e9", "id": 17, "audio": "\(FileManager.default.temporaryDirectory.path)/../tmp"}
      {"text": "b", "id": "x", "audio": "./a.flac"}
      """, "a.flac": "x",
    ])
    let dataset = try open(data)
    #expect(
      dataset.utterances == [
        Utterance(id: "a.flac", audio: data.path("a.flac"), text: "été", language: "fr"),
        Utterance(id: "x", audio: data.path("a.flac"), text: "b"),
      ])
    #expect(dataset.problems.map(\.kind) == [.unreadableFile])
    #expect(dataset.problems.first?.id == "17")
  }

  @Test func aLibriSpeechFolderAtAnyDepth() throws {
    let chapter = "LibriSpeech/test-clean/1089/134686"
    let data = try TemporaryDataset([
      "\(chapter)/1089-134686.trans.txt": "1089-134686-0001 STUFF IT INTO YOU\n1089-134686-0000 HE HOPED\n",
      "\(chapter)/1089-134686-0000.flac": "x", "\(chapter)/1089-134686-0001.flac": "x",
      "LibriSpeech/README.TXT": "x",
    ])
    for folder in ["", "LibriSpeech", "LibriSpeech/test-clean", chapter] {
      let dataset = try open(data, folder)
      #expect(dataset.split == .testClean && dataset.problems.isEmpty)
      #expect(dataset.utterances.map(\.text) == ["STUFF IT INTO YOU", "HE HOPED"])
      #expect(dataset.utterances.first?.id == "1089-134686-0001")
      #expect(dataset.utterances.first?.audio == data.path("\(chapter)/1089-134686-0001.flac"))
      #expect(dataset.utterances.first?.language == "en")
    }
    try data.write("2-3-0000 WORDS", to: "LibriSpeech/dev-clean/2/3/2-3.trans.txt")
    try data.write("x", to: "LibriSpeech/dev-clean/2/3/2-3-0000.flac")
    let both = try open(data)
    #expect(both.split == nil, "two parts are none")
    #expect(both.utterances.count == 3)
  }

  @Test func aLinkToAFolderIsFollowed() throws {
    let data = try TemporaryDataset(["a/1/2/1-2.trans.txt": "1-2-0 WORD", "a/1/2/1-2-0.flac": "x"])
    try FileManager.default.createSymbolicLink(at: data.url("link"), withDestinationURL: data.url("a"))
    #expect(try open(data, "link").utterances.count == 1)
  }

  @Test func problemsAreCollectedAndTheRestIsUsed() throws {
    var table = Data("id,audio,text\ngood,a.flac,one\nmissing,b.flac,two\nempty,a.flac,  \n".utf8)
    table += Data("good,a.flac,again\nshort,a.flac\nlatin,a.flac,caf".utf8) + Data([0xE9, 0x0A])
    table += Data(
      "open,a.flac,\"never closed\nlast,a.flac,three\nafter,a.flac,\"closed\" and on\nend,a.flac,four".utf8)
    let data = try TemporaryDataset(["a.flac": "x"])
    try data.write(table, to: "manifest.csv")
    let dataset = try open(data)
    #expect(dataset.utterances.map(\.id) == ["good", "last", "end"])
    #expect(
      dataset.problems.map(\.kind) == [
        .missingAudio, .emptyReference, .duplicateID, .malformedLine, .malformedLine, .malformedLine,
        .malformedLine,
      ])
    let path = data.path("manifest.csv")
    #expect(
      dataset.problems.map(\.place) == [3, 4, 5, 6, 7, 8, 10].map { "\(path):\($0)" })
    #expect(dataset.problems[0].description == "\(path):3: there is no file \(data.path("b.flac"))")
    #expect(dataset.problems[2].description.contains("the id good is already used in \(path):2"))
    #expect(dataset.problems[3].description.contains("2 columns, where the first line names 3"))
    #expect(dataset.problems[4].description.contains("UTF-8"))
  }

  @Test func problemsOfJSONLines() throws {
    let data = try TemporaryDataset([
      "manifest.jsonl": """
      {"audio": "a.flac", "text": "fine"}
      {"audio": "a.flac"}
      {"audio": "a.flac", "text": 5}
      {"audio": null, "text": "x"}
      [1]
      {"audio": "a.flac", "text": "cut
      """, "a.flac": "x",
    ])
    let dataset = try open(data)
    #expect(dataset.utterances.count == 1)
    #expect(
      dataset.problems.map(\.detail) == [
        "text is missing", "text is not a string", "audio is not a string", "the line is not a JSON object",
        "the line is not a JSON object",
      ])
  }

  @Test func recordingsWithNothingSaidAreUsedIfAskedFor() throws {
    let data = try TemporaryDataset([
      "manifest.tsv": "audio\ttext\na.flac\tone\nb.flac\t\n", "a.flac": "x", "b.flac": "x",
    ])
    let dataset = try Dataset.open(data.path, allowsEmptyText: true)
    #expect(dataset.utterances.map(\.text) == ["one", ""] && dataset.problems.isEmpty)
    #expect(try open(data).problems.map(\.kind) == [.emptyReference])
  }

  @Test func problemsOfLibriSpeech() throws {
    let data = try TemporaryDataset([
      "1/2/1-2.trans.txt": "1-2-0000 WORD\n1-2-0001\n1-2-0002 GONE\n", "1/2/1-2-0000.flac": "x",
      "1/2/1-2-0001.flac": "x",
    ])
    try data.write(Data([0xFF, 0xFE, 0xFF]), to: "1/3/1-3.trans.txt")
    let dataset = try open(data)
    #expect(dataset.utterances.count == 1)
    #expect(dataset.problems.map(\.kind) == [.emptyReference, .missingAudio, .unreadableFile])
  }

  @Test func whatIsNoDataSetIsRefusedWithWhatToDo() throws {
    let data = try TemporaryDataset([
      "empty/x.txt": "x", "parquet/data/test-0.parquet": "PAR1", "two/manifest.tsv": "audio\ttext\n",
      "two/manifest.csv": "audio,text\n", "headless/manifest.tsv": "a.flac\tHello\n", "table.xlsx": "x",
      "none/manifest.tsv": "audio\ttext\ngone.flac\tx\n", "nothing/manifest.csv": "",
    ])
    func error(_ name: String) throws -> String {
      let error = #expect(throws: DatasetError.self) { try open(data, name) }
      return error?.description ?? ""
    }
    #expect(try error("nowhere").contains("there is no such file"))
    #expect(try error("empty").contains("manifest.tsv"))
    #expect(try error("parquet").contains("docs/evaluation.md"))
    #expect(try error("parquet/data/test-0.parquet").contains("Parquet"))
    #expect(try error("two").contains("manifest.tsv and manifest.csv"))
    #expect(try error("headless").contains("no column audio; its first line names a.flac, hello"))
    #expect(try error("nothing").contains("no column audio"))
    #expect(try error("table.xlsx").contains(".jsonl"))
    #expect(try error("none").contains("gone.flac"))
  }

  /// Whatever the bytes: an answer and no crash.
  @Test func damagedManifestsNeverCrash() throws {
    let whole = Array("id,audio,text\n1,a.flac,\"one \"\"two\"\"\"\r\n2,a.flac,\"three\nfour\"\n".utf8)
    let data = try TemporaryDataset(["a.flac": "x"])
    var opened = 0
    for position in whole.indices {
      for byte: UInt8 in [0, 0x0A, 0x22, 0x2C, 0xFF] {
        var bytes = whole
        bytes[position] = byte
        try data.write(Data(bytes), to: "manifest.csv")
        if let dataset = try? open(data) {
          opened += 1
          #expect(!dataset.utterances.isEmpty)
        }
      }
      try data.write(Data(whole[..<position]), to: "manifest.csv")
      _ = try? open(data)
    }
    #expect(opened > 100)
  }
}
