// Transcripts as text: openai-whisper's bytes, and what goes beyond them.

import Foundation
import SwiftletTestSupport
import Testing

@testable import Swiftlet

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
        cues: .segments, maxLineWidth: maxLineWidth, maxLineCount: maxLineCount,
        maxWordsPerLine: maxWordsPerLine,
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
  /// The words of each subtitle are openai-whisper's, and its times where they are in order and long enough to be seen.
  @Test func writesWhatOpenAIDoes() throws {
    #expect(Recorded.all.map(\.name) == ["plain", "empty", "english", "late", "unspaced", "wordless"])
    var (cues, exact) = (0, 0)
    for recorded in Recorded.all {
      let segments = recorded.result.segments.map(\.segment)
      for output in recorded.outputs {
        let shape = output.options.subtitles
        // openai-whisper counts characters where columns are meant.
        if recorded.name == "unspaced", shape.maxLineWidth != nil { continue }
        for (name, expected) in output.texts {
          let format = try #require(OutputFormat(rawValue: name))
          let text = try Transcript(segments: segments).formatted(as: format, subtitles: shape)
          let label = "\(recorded.name) \(name) \(output.options)"
          guard format != .txt, !segments.isEmpty else {
            #expect(text == expected, "\(label)")
            continue
          }
          var ours = try SubtitleReading.read(text, as: format)
          let theirs = try SubtitleReading.read(expected, as: format)
          // It leaves out text without words.
          if recorded.name == "wordless", format != .tsv { ours.removeFirst() }
          if shape.highlightWords {
            func plain(_ cues: [ReadCue]) -> [String] {
              let texts = cues.map { SubtitleReading.withoutTags($0.text) }
              return zip(texts, [""] + texts).filter { $0 != $1 }.map(\.0)
            }
            #expect(plain(ours) == plain(theirs), "\(label)")
            continue
          }
          #expect(ours.map(\.text) == theirs.map(\.text), "\(label)")
          var before = 0
          for (index, cue) in ours.enumerated() {
            let theirCue = theirs[index]
            cues += 1
            exact += cue == theirCue ? 1 : 0
            // Nothing before it was moved up to it, and nothing is wrong with it.
            if before <= theirCue.start, theirCue.end - theirCue.start >= 100, index + 2 < ours.count {
              // A last word without length gets some, and what overlaps the next does not.
              let end = min(theirCue.end, theirs[index + 1].start)
              #expect(cue.start == theirCue.start && (0...60).contains(cue.end - end), "\(label)")
            }
            before = cue.end
          }
        }
      }
    }
    #expect(cues > 300 && exact * 2 > cues, "\(exact) of \(cues)")
  }

  /// As they come, it is the same text.
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
      }
    }
  }

  @Test func jsonHasOpenAIsFields() throws {
    let data = try Data(contentsOf: Fixtures.url("outputs/openai.json"))
    let cases = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    for (recorded, raw) in zip(Recorded.all, cases) where recorded.name != "unspaced" {
      // Words without length get some.
      let given = recorded.result.segments.map(\.segment)
      let transcript = Transcript(segments: given.fitted(to: given.latestEnd))
      let ours = try object(transcript.formatted(as: .json))
      var theirs = try #require(raw["result"] as? [String: Any])
      let segments = (theirs["segments"] as? [[String: Any]] ?? []).enumerated().map { index, segment in
        var segment = segment
        segment["start"] = transcript.segments[index].start
        segment["end"] = transcript.segments[index].end
        segment["words"] = (segment["words"] as? [[String: Any]])?.enumerated().map { place, word in
          var word = word
          word["start"] = transcript.segments[index].words?[place].start
          word["end"] = transcript.segments[index].words?[place].end
          return word
        }
        return segment
      }
      theirs["segments"] = segments
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

  /// Segments alone have the fields and texts that they have in a transcript.
  @Test func segmentsAloneAreAsInJsonFull() throws {
    var segments = [("Ask not", 0.0), ("", 1), ("what your country", 2), ("你好", 3)].map { text, start in
      Segment(
        start: start, end: start + 1, text: text, tokens: [1], language: "en", languageProbability: 0.5,
        noSpeechProbability: .nan, tokenLogProbabilities: [-.infinity], windowStart: 0, channel: 1)
    }
    segments[0].words = [Word(text: " Ask", start: 0, end: 0.5, probability: 1)]
    let json = try object(Transcript(segments: segments).formatted(as: .jsonFull))
    let expected = try #require(json["segments"] as? [[String: Any]])
    var last: Segment?
    for (id, segment) in segments.enumerated() {
      let alone = try object(segment.json(id: id, after: last))
      #expect(alone as NSDictionary == expected[id] as NSDictionary)
      #expect(alone["text"] as? String == segment.spacedText(after: last))
      if !segment.text.isEmpty { last = segment }
    }
    #expect(segments[2].spacedText(after: segments[0]) == " what your country")
    #expect(segments[3].spacedText(after: segments[2]) == "你好" && segments[1].spacedText().isEmpty)
    segments[0].start = .nan
    #expect(try object(segments[0].json(id: 0))["start"] == nil)
  }

  @Test func updatesHaveTheFieldsOfSegments() throws {
    let update = StreamingUpdate(
      committed: [Word(text: " Ask", start: 0, end: 0.5, probability: .nan)], partial: [], language: "en",
      languageProbability: 0.75, position: 1, elapsed: 0.25, notices: ["A notice."])
    let expected: NSDictionary = [
      "committed": [["word": " Ask", "start": 0, "end": 0.5]], "partial": [], "language": "en",
      "language_probability": 0.75, "position": 1, "elapsed": 0.25, "notices": ["A notice."],
    ]
    #expect(try object(update.json()) as NSDictionary == expected)
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
    let shape = SubtitleOptions(cues: .segments)
    #expect(try transcript.formatted(as: .vtt, subtitles: shape) == fixture("escaped.vtt"))
    #expect(try transcript.formatted(as: .srt, subtitles: shape).components(separatedBy: "-->").count == 3)
    let quoted = Transcript(segments: [
      Segment(start: 0, end: 1.5, text: "She said \"no\",\ntwice.", tokens: [], language: "en"),
      Segment(start: 1.5, end: 2, text: " A\ttab ", tokens: [], language: "en"),
    ])
    #expect(try quoted.formatted(as: .csv) == fixture("quoted.csv"))
    #expect(try quoted.formatted(as: .tsv).split(separator: "\n").last == "1500\t2000\tA tab")
    // An empty line would end a subtitle.
    let lines = Transcript(segments: [Segment(start: 0, end: 1, text: "a\n\nb", tokens: [], language: "en")])
    #expect(try lines.formatted(as: .srt) == "1\n00:00:00,000 --> 00:00:01,000\na b\n\n")
    #expect(
      try lines.formatted(as: .srt, subtitles: SubtitleOptions(cues: .segments))
        == "1\n00:00:00,000 --> 00:00:01,000\na  b\n\n")
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
        == "[00:00.50]<00:00.50>One <00:01.00>two <00:01.02>& <00:02.00>three <00:02.50>four\n")
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
      try Transcript(
        segments: [Segment(start: start, end: start, text: "a", tokens: [], language: "en")], duration: 9_999
      ).formatted(as: .lrc)
    }
    #expect(try line(59.996) == "[00:59.99]a\n")
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
      #expect(throws: SwiftletError.self) { try options.check() }
    }
  }

  /// Each channel's subtitles are in order; those of two channels may be shown at once.
  @Test func channelsAreNamed() throws {
    func segment(_ start: Double, _ end: Double, _ text: String, _ channel: Int) -> Segment {
      Segment(start: start, end: end, text: text, tokens: [], language: "en", channel: channel)
    }
    let transcript = Transcript(
      segments: [
        segment(1, 4, "Hello & hi.", 1), segment(2, 5, "Good morning.", 2), segment(6, 7, "Well?", 1),
      ],
      duration: 8)
    #expect(transcript.text == "Hello & hi. Good morning. Well?")
    #expect(
      try transcript.formatted(as: .txt)
        == "Speaker 1: Hello & hi.\nSpeaker 2: Good morning.\nSpeaker 1: Well?\n")
    for cues in SubtitleOptions.Cues.allCases {
      let shape = SubtitleOptions(cues: cues)
      #expect(
        try transcript.formatted(as: .srt, subtitles: shape).hasPrefix(
          """
          1
          00:00:01,000 --> 00:00:04,000
          Speaker 1: Hello & hi.

          2
          00:00:02,000 --> 00:00:05,000
          Speaker 2: Good morning.

          3
          00:00:06,000 --> 00:00:07,000
          Speaker 1: Well?
          """))
      let voices = try transcript.formatted(as: .vtt, subtitles: shape)
      #expect(voices.contains("00:01.000 --> 00:04.000\n<v Speaker 1>Hello &amp; hi.\n\n"))
      #expect(try SubtitleReading.vtt(voices).map(\.speaker) == ["Speaker 1", "Speaker 2", "Speaker 1"])
    }
    #expect(
      try transcript.formatted(as: .lrc).hasPrefix("[00:01.00]Speaker 1: Hello & hi.\n[00:02.00]Speaker 2: "))
    #expect(
      try transcript.formatted(as: .tsv)
        == "start\tend\ttext\tchannel\n1000\t4000\tHello & hi.\t1\n2000\t5000\tGood morning.\t2\n6000\t7000\tWell?\t1\n"
    )
    #expect(
      try transcript.formatted(as: .csv).hasPrefix("start,end,text,channel\n1000,4000,\"Hello & hi.\",1\n"))
    let json = try object(transcript.formatted(as: .json))
    #expect((json["segments"] as? [[String: Any]])?.compactMap { $0["channel"] as? Int } == [1, 2, 1])
    // A table as its rows come must be told before.
    var writer = TranscriptWriter(.csv, subtitles: SubtitleOptions(channels: true))
    let rows = transcript.segments.map { writer.add($0) }.joined() + (try writer.finish(duration: 8))
    #expect(try rows == transcript.formatted(as: .csv))
    let plain = Transcript(segments: [Segment(start: 0, end: 1, text: "a", tokens: [], language: "en")])
    #expect(try plain.formatted(as: .tsv) == "start\tend\ttext\n0\t1000\ta\n")
    #expect(try !plain.formatted(as: .jsonFull).contains("channel"))
  }

  /// A line of Japanese is as wide as it is shown, and ends at a mark if there is one.
  @Test func widthsAreColumns() throws {
    let said = "今日はとてもいい天気です。明日は雨が降るそうなので、傘を持っていきます。"
    let words = said.enumerated().map { index, character in
      Word(text: String(character), start: Double(index) / 4, end: Double(index + 1) / 4, probability: 1)
    }
    let transcript = Transcript(segments: [
      Segment(start: 0, end: words.last?.end ?? 0, text: said, tokens: [], language: "ja", words: words)
    ])
    func lines(_ shape: SubtitleOptions) throws -> [String] {
      try SubtitleReading.srt(transcript.formatted(as: .srt, subtitles: shape)).flatMap {
        $0.lines.map(String.init)
      }
    }
    #expect(try lines(SubtitleOptions(maxLineWidth: 30)) == ["今日はとてもいい天気です。", "明日は雨が降るそうなので、", "傘を持っていきます。"])
    #expect(
      try lines(SubtitleOptions())
        == ["今日はとてもいい天気です。", "明日は雨が降るそうなので、", "傘を持っていきます。"])
  }

  private func object(_ json: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  private func fixture(_ name: String) throws -> String {
    try String(contentsOf: Fixtures.url("outputs/\(name)"), encoding: .utf8)
  }
}
