// Transcripts as text: openai-whisper's bytes, and what goes beyond them.

import Foundation
import Swiftlet
import SwiftletTestSupport
import Testing

/// What `Scripts/fixtures/outputs.py` recorded.
private struct Recorded: Decodable {
  var name: String
  var result: Result
  var outputs: [Output]

  struct Result: Decodable {
    var segments: [OpenAISegment]
  }

  struct Output: Decodable {
    var options: Options
    var texts: [String: String]
  }

  struct Options: Decodable {
    var maxLineWidth: Int?
    var maxLineCount: Int?
    var maxWordsPerLine: Int?
    var highlightWords: Bool?

    var subtitles: SubtitleOptions {
      SubtitleOptions(
        maxLineWidth: maxLineWidth, maxLineCount: maxLineCount, maxWordsPerLine: maxWordsPerLine,
        highlightWords: highlightWords ?? false)
    }
  }

  static let all: [Recorded] = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let data = (try? Data(contentsOf: Fixtures.url("outputs/openai.json"))) ?? Data()
    return (try? decoder.decode([Recorded].self, from: data)) ?? []
  }()
}

private struct OpenAISegment: Decodable {
  var seek: Int
  var start: Double
  var end: Double
  var text: String
  var tokens: [Int]
  var temperature: Double
  var avgLogprob: Double
  var compressionRatio: Double
  var noSpeechProb: Double
  var words: [OpenAIWord]?

  struct OpenAIWord: Decodable {
    var word: String
    var start: Double
    var end: Double
    var probability: Double
  }

  var segment: Segment {
    Segment(
      start: start, end: end, text: text.trimmingCharacters(in: .whitespaces), tokens: tokens, language: "en",
      temperature: temperature, averageLogProbability: avgLogprob, compressionRatio: compressionRatio,
      noSpeechProbability: noSpeechProb,
      words: words?.map { Word(text: $0.word, start: $0.start, end: $0.end, probability: $0.probability) },
      windowStart: Double(seek) / 100)
  }
}

@Suite struct TranscriptWriterTests {
  @Test func writesOpenAIsBytes() throws {
    #expect(Recorded.all.map(\.name) == ["plain", "empty", "english", "late", "unspaced", "wordless"])
    for recorded in Recorded.all {
      let segments = recorded.result.segments.map(\.segment)
      for output in recorded.outputs {
        for (name, expected) in output.texts {
          let format = try #require(OutputFormat(rawValue: name))
          let text = try Transcript(segments: segments).formatted(
            as: format, subtitles: output.options.subtitles)
          #expect(text == expected, "\(recorded.name) \(name) \(output.options)")
        }
      }
    }
  }

  /// As they come, it is the same text; what ends with its segment is written with it.
  @Test func writesSegmentBySegment() throws {
    let segments = try #require(Recorded.all.first { $0.name == "english" }).result.segments.map(\.segment)
    for format in OutputFormat.allCases {
      for subtitles in [SubtitleOptions(), SubtitleOptions(maxLineWidth: 20, maxLineCount: 2)] {
        var writer = TranscriptWriter(format, subtitles: subtitles)
        let pieces = segments.map { writer.add($0) }
        let last = try writer.finish()
        let whole = try Transcript(segments: segments).formatted(as: format, subtitles: subtitles)
        #expect(pieces.joined() + last == whole)
        #expect(pieces.allSatisfy(\.isEmpty) == !format.isStreamed)
        if subtitles == SubtitleOptions(), format.isStreamed { #expect(last.isEmpty) }
      }
    }
  }

  @Test func jsonHasOpenAIsFields() throws {
    let data = try Data(contentsOf: Fixtures.url("outputs/openai.json"))
    let cases = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    for (recorded, raw) in zip(Recorded.all, cases) where recorded.name != "unspaced" {
      let transcript = Transcript(segments: recorded.result.segments.map(\.segment))
      let ours = try object(transcript.formatted(as: .json))
      let theirs = try #require(raw["result"] as? [String: Any])
      if recorded.name == "empty" {
        #expect(Set(ours.keys) == ["text", "segments"])
        continue
      }
      // A tab is not at the end of a word, and is kept.
      #expect(ours as NSDictionary == theirs as NSDictionary, "\(recorded.name)")
    }
  }

  @Test func jsonFullHasTokensAndTimings() throws {
    var segment = Segment(
      start: 1, end: 2, text: "Bonjour", tokens: [1, 2], language: "fr", averageLogProbability: -.infinity,
      tokenLogProbabilities: [-0.5, -.infinity])
    segment.words = [Word(text: " Bonjour", start: 1.25, end: 1.5, probability: 0.75)]
    var timings = Timings()
    timings.windows = 3
    let json = try object(
      Transcript(segments: [segment], duration: 2.5, timings: timings).formatted(as: .jsonFull))
    #expect(json["duration"] as? Double == 2.5)
    #expect((json["timings"] as? [String: Any])?["windows"] as? Int == 3)
    let fields = try #require((json["segments"] as? [[String: Any]])?.first)
    #expect(fields["language"] as? String == "fr")
    #expect(fields["avg_logprob"] == nil)
    #expect(fields["token_logprobs"] as? NSArray == [-0.5, NSNull()] as NSArray)
    let word = try #require((fields["words"] as? [[String: Any]])?.first)
    #expect(
      word as NSDictionary == ["word": " Bonjour", "start": 1.25, "end": 1.5, "probability": 0.75]
        as NSDictionary)
  }

  /// A paragraph's text, and the segments' in JSON, where scripts are written without spaces.
  @Test(arguments: [
    (["Hello.", "", "World"], "Hello. World"), (["你好。", "世界"], "你好。世界"), (["สวัสดี", "ครับ"], "สวัสดีครับ"),
    (["Привет,", "мир"], "Привет, мир"), (["안녕", "세상"], "안녕 세상"), (["これは", "OpenAI", "です"], "これはOpenAIです"),
  ])
  func joinsTexts(_ texts: [String], _ joined: String) throws {
    let segments = texts.map { Segment(start: 0, end: 1, text: $0, tokens: [], language: "en") }
    let transcript = Transcript(segments: segments)
    #expect(transcript.text == joined)
    let json = try object(transcript.formatted(as: .json))
    let parts = try #require(json["segments"] as? [[String: Any]]).compactMap { $0["text"] as? String }
    #expect(parts.joined() == json["text"] as? String)
  }

  @Test func escapesWhatFormatsWouldMisread() throws {
    let transcript = Transcript(segments: [
      Segment(start: 0, end: 1.5, text: "Fish & chips <b>now</b> --> \"there\"", tokens: [], language: "en"),
      Segment(start: 1.5, end: 2, text: "AT&T", tokens: [], language: "en"),
    ])
    #expect(try transcript.formatted(as: .vtt) == fixture("escaped.vtt"))
    #expect(try transcript.formatted(as: .srt).components(separatedBy: "-->").count == 3)
    let quoted = Transcript(segments: [
      Segment(start: 0, end: 1.5, text: "She said \"no\",\ntwice.", tokens: [], language: "en"),
      Segment(start: 1.5, end: 2, text: " A\ttab ", tokens: [], language: "en"),
    ])
    #expect(try quoted.formatted(as: .csv) == fixture("quoted.csv"))
    #expect(try quoted.formatted(as: .tsv).split(separator: "\n").last == "1500\t2000\tA tab")
    // An empty line would end a subtitle.
    let lines = Transcript(segments: [Segment(start: 0, end: 1, text: "a\n\nb", tokens: [], language: "en")])
    #expect(try lines.formatted(as: .srt) == "1\n00:00:00,000 --> 00:00:01,000\na  b\n\n")
  }

  private let karaoke = [
    Segment(
      start: 0.5, end: 3, text: "One two & three four", tokens: [], language: "en",
      words: [("One", 0.5, 0.9), (" two", 1, 1.5), (" &", 1, 1.5), (" three", 2, 2.2), (" four", 2.5, 3)].map
      {
        Word(text: $0.0, start: $0.1, end: $0.2, probability: 1)
      })
  ]

  @Test func writesWhenWordsBegin() throws {
    let options = SubtitleOptions(maxLineWidth: 15, highlightWords: true, wordTimes: true)
    let transcript = Transcript(segments: karaoke)
    #expect(try transcript.formatted(as: .vtt, subtitles: options) == fixture("word-times.vtt"))
    #expect(
      try transcript.formatted(as: .lrc, subtitles: options)
        == "[00:00.50]<00:00.50>One <00:01.00>two <00:01.00>& <00:02.00>three <00:02.50>four\n")
    #expect(try transcript.formatted(as: .lrc) == "[00:00.50]One two & three four\n")
    #expect(try transcript.formatted(as: .srt, subtitles: options).contains("<u>two</u>"))
  }

  @Test func nothingIsWrittenForSilence() throws {
    let silence = Transcript(segments: [
      Segment(start: 0, end: 30, text: "", tokens: [], language: "en"),
      Segment(start: 30, end: 60, text: " ", tokens: [], language: "en", words: []),
    ])
    for format in [OutputFormat.txt, .srt, .lrc] {
      #expect(try silence.formatted(as: format) == "")
    }
    #expect(try silence.formatted(as: .vtt) == "WEBVTT\n\n")
    #expect(silence.text == "")
  }

  @Test func timesOfLyricsAndBrokenOnes() throws {
    func line(_ start: Double) throws -> String {
      try Transcript(segments: [Segment(start: start, end: start, text: "a", tokens: [], language: "en")])
        .formatted(as: .lrc)
    }
    #expect(try line(59.996) == "[01:00.00]a\n")
    #expect(try line(6_125.25) == "[102:05.25]a\n")
    #expect(try line(-1) == "[00:00.00]a\n")
    #expect(try line(.nan) == "[00:00.00]a\n")
    #expect(try line(1e300) == "[00:00.00]a\n")
  }

  @Test func limitsBelowOneAreRefused() {
    for options in [
      SubtitleOptions(maxLineWidth: 0), SubtitleOptions(maxLineCount: -1),
      SubtitleOptions(maxWordsPerLine: 0),
    ] {
      #expect(throws: InvalidRequest.self) { try options.check() }
    }
  }

  private func object(_ json: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  private func fixture(_ name: String) throws -> String {
    try String(contentsOf: Fixtures.url("outputs/\(name)"), encoding: .utf8)
  }
}
