// The readers of data sets and journals, and the normalizers that their texts go through.

import Foundation
import SwiftletEvaluation
import SwiftletTestSupport

extension Reader {
  static let evaluation = [
    dataset(
      "manifest-tsv", as: "manifest.tsv", "audio\ttext\tlanguage\tid\na.wav\tHello.\ten\t1\nb.wav\t\"x\t\t\n"),
    dataset(
      "manifest-csv", as: "manifest.csv",
      "audio,text,id\n\"a.wav\",\"He said \"\"no\"\",\nthen left.\",1\r\nb.wav,x,2\n"),
    dataset(
      "manifest-jsonl", as: "manifest.jsonl",
      #"{"audio": "a.wav", "text": "Hello.", "id": 1}"# + "\n"
        + #"{"audio": "b.wav", "text": "\u00e9\ud83d\ude00", "id": "b", "language": null}"# + "\n"),
    dataset("transcripts", as: "1-2.trans.txt", "1-2-0000 HELLO THERE\n1-2-0001 AGAIN\r\n1-2-0002\n"),
    journal, normalizers,
  ]

  private static func dataset(_ name: String, as file: String, _ seed: String) -> Reader {
    Reader(name: name) {
      [Data(seed.utf8)]
    } prepare: {
      let scratch = try Scratch()
      for name in ["a.wav", "b.wav", "1-2-0000.flac"] {
        try scratch.write(.init(start: nil, count: 0), as: name)
      }
      return { bytes in
        try scratch.write(bytes, as: file)
        do {
          let dataset = try Dataset.open(scratch.url.path)
          let texts = dataset.utterances.map(\.text)
          try expect(!texts.isEmpty && texts.allSatisfy { !$0.isEmpty }, "an utterance has no text")
          _ = dataset.problems.map(\.description)
        } catch let error as DatasetError {
          try expect(error.description.contains(scratch.url.lastPathComponent), "no file is named: \(error)")
        }
      }
    }
  }

  private static let run = RunIdentity(
    dataset: "/data", model: "tiny.en", publishedModel: "tiny.en", digest: "0123", precision: "int8",
    options: ["beam-size": "5"], version: "1")

  /// What an interrupted evaluation goes on from. Opening it may cut its last line off, and twice gives the same.
  private static let journal = Reader(name: "journal") {
    let scratch = try Scratch()
    let file = scratch.url.appending(path: "journal.jsonl")
    let journal = try Journal(file, runs: [run])
    for id in ["a", "b"] {
      let hypothesis = Recognition(text: "hello", language: "en", duration: 1, seconds: 0.5)
      try journal.keep(hypothesis, of: Utterance(id: id, audio: "/\(id).wav", text: "Hello"), in: run)
    }
    return [try Data(contentsOf: file)]
  } prepare: {
    let scratch = try Scratch()
    return { bytes in
      let file = try scratch.write(bytes, as: "journal.jsonl")
      do throws(JournalError) {
        _ = try Journal(file, runs: [run])
      } catch {
        try expect(error.description.contains(scratch.url.lastPathComponent), "no file is named: \(error)")
        return
      }
      // What was accepted, and cut or begun by that, is accepted again.
      _ = try Journal(file, runs: [run])
    }
  }

  private static let normalizers = Reader(name: "normalizers") {
    [
      "I'll pay $20 million and 5 cents, won't I?", "the nineteen-nineties, 1ST & 2.5%",
      "(noise) Ünïcödé 世界 [x]",
    ]
    .map { Data($0.utf8) }
  } prepare: {
    let normalizers = Normalization.allCases.compactMap(\.normalizer)
    return { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      for normalizer in normalizers {
        _ = UtteranceScore(reference: text, hypothesis: "I will pay twenty.", normalizer: normalizer)
      }
    }
  }
}
