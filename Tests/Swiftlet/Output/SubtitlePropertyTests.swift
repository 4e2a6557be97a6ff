// Every format and shape of subtitles, from segments of all kinds, sane and hostile.

import SwiftletTestModels
import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

@Suite struct SubtitlePropertyTests {
  private static let shapes = [
    SubtitleOptions(), SubtitleOptions(wordTimes: true), SubtitleOptions(cues: .segments),
    SubtitleOptions(maxLineWidth: 20), SubtitleOptions(maxLineCount: 1),
    SubtitleOptions(maxLineWidth: 16, maxLineCount: 2), SubtitleOptions(maxWordsPerLine: 1),
    SubtitleOptions(maxWordsPerLine: 3), SubtitleOptions(highlightWords: true),
    SubtitleOptions(maxLineWidth: 24, maxLineCount: 2, highlightWords: true),
    SubtitleOptions(maxWordsPerLine: 2, highlightWords: true, wordTimes: true),
  ]

  private func read(_ transcript: Transcript, _ format: OutputFormat, _ shape: SubtitleOptions) throws
    -> [ReadCue]
  {
    try SubtitleReading.read(transcript.formatted(as: format, subtitles: shape), as: format)
  }

  /// Milliseconds that a cue lasts. Words that are highlighted share the time of their subtitle; lyrics have no ends.
  private static func least(_ format: OutputFormat, _ shape: SubtitleOptions, room: Int) -> Int {
    format == .lrc || shape.highlightWords && (format == .srt || format == .vtt) ? 1 : min(100, room)
  }

  private static let vocabulary =
    "the of and Margaret Hale, said that it was done. really accounting for circumstances; yes! no? 42 don't"
    .split(
      separator: " "
    ).map(String.init)
  private static let characters = "日 本 語 の 字 幕 を、 見 て。 カ タ カ ナ も 文 字 数 で ア イ ウ エ オ！".split(
    separator: " "
  ).map(String.init)

  /// As the library gives them: in order, within the sound, with or without words.
  private func sane(_ generator: inout SeededGenerator, spaced: Bool) -> Transcript {
    var segments: [Segment] = []
    var time = 0.0
    for _ in 0..<Int.random(in: 1...12, using: &generator) {
      var words: [Word] = []
      for index in 0..<Int.random(in: 1...25, using: &generator) {
        let pauses: [Double] = [0, 0, 0, 0, 0.1, 0.5, 2]
        let pause = pauses.randomElement(using: &generator) ?? 0
        let start = time + (index == 0 ? 2 * pause : pause)
        time = start + Double(Int.random(in: 10...60, using: &generator)) / 100
        let text =
          spaced
          ? " " + (Self.vocabulary.randomElement(using: &generator) ?? "")
          : Self.characters.randomElement(using: &generator) ?? ""
        words.append(Word(text: text, start: start, end: time, probability: 1))
      }
      let text = words.map(\.text).joined().trimmingWhitespace
      let hasWords = Bool.random(using: &generator)
      segments.append(
        Segment(
          start: words.first?.start ?? 0, end: time, text: text, tokens: [], language: spaced ? "en" : "ja",
          words: hasWords ? words : nil))
    }
    return Transcript(segments: segments.fitted(to: time + 1), duration: time + 1)
  }

  private func hostile(_ generator: inout SeededGenerator) -> Transcript {
    func time() -> Double {
      switch Int.random(in: 0..<12, using: &generator) {
      case 0: .nan
      case 1: .infinity
      case 2: -Double.random(in: 0...9, using: &generator)
      case 3: 1e300
      case 4: 7.5
      default: Double.random(in: 0...40, using: &generator)
      }
    }
    let texts = [
      "", " ", "a", "b\nc", "x --> y", "<i>&", "\"q\", r\ts", String(repeating: "w", count: 90), "寝られ、た。",
      "e\u{301}",
    ]
    let segments = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
      let words: [Word] = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
        Word(
          text: " " + (texts.randomElement(using: &generator) ?? ""), start: time(), end: time(),
          probability: .nan)
      }
      let text = words.map(\.text).joined().trimmingWhitespace
      let kind = Int.random(in: 0...3, using: &generator)
      return Segment(
        start: time(), end: time(), text: kind == 0 ? "other" : text, tokens: [], language: "en",
        words: kind == 1 ? nil : kind == 2 ? [] : words)
    }
    return Transcript(segments: segments, duration: Double.random(in: 0.05...30, using: &generator))
  }

  @Test(.slow) func hostileSegmentsGiveSubtitlesInOrder() throws {
    var generator = SeededGenerator(seed: 6)
    for _ in 0..<60 {
      let transcript = hostile(&generator)
      let milliseconds = Int(transcript.duration * 1_000 + 1e-6)
      let letters = transcript.segments.map(\.text).joined().filter { !$0.isWhitespace }
      for shape in Self.shapes {
        for format in [OutputFormat.srt, .vtt, .tsv, .csv, .lrc] {
          let cues = try read(transcript, format, shape)
          #expect(
            cues.isInOrder(
              duration: format == .lrc ? .max : milliseconds,
              least: Self.least(format, shape, room: milliseconds)),
            "\(format) \(shape)")
          if format == .lrc { #expect(cues.allSatisfy { $0.start < milliseconds }) }
          // Of tags and arrows readers make something else.
          if format == .csv { #expect(cues.letters.sorted() == letters.sorted()) }
        }
        // Segment by segment as well, whatever the duration turns out to be.
        var writer = TranscriptWriter(.srt, subtitles: shape)
        let text = transcript.segments.map { writer.add($0) }.joined()
        let cues = try SubtitleReading.srt(text + (try writer.finish()))
        #expect(cues.isInOrder(duration: .max, least: Self.least(.srt, shape, room: 100)))
      }
    }
  }

  @Test(.slow, arguments: [true, false]) func saneSegmentsGiveTheirWords(spaced: Bool) throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<25 {
      let transcript = sane(&generator, spaced: spaced)
      let milliseconds = Int(transcript.duration * 1_000 + 1e-6)
      let words = transcript.segments.flatMap { $0.text.split(whereSeparator: \.isWhitespace) }
      for shape in Self.shapes {
        for format in [OutputFormat.srt, .vtt, .tsv, .csv, .lrc] {
          let cues = try read(transcript, format, shape)
          #expect(
            cues.isInOrder(
              duration: format == .lrc ? .max : milliseconds,
              least: Self.least(format, shape, room: milliseconds)),
            "\(format) \(shape)")
          guard !shape.highlightWords else { continue }
          #expect(cues.letters == words.joined(), "\(format) \(shape)")
          if spaced { #expect(cues.words == words, "\(format) \(shape)") }
          // No space is put between characters that have none.
          if !spaced { #expect(cues.allSatisfy { !$0.text.contains(" ") }) }
          if let width = shape.maxLineWidth, format != .lrc, format != .tsv, format != .csv, !spaced {
            #expect(
              transcript.segments.contains { $0.words == nil }
                || cues.allSatisfy { $0.lines.allSatisfy { String($0).columns <= width } })
          }
        }
        var writer = TranscriptWriter(.vtt, subtitles: shape)
        let pieces = transcript.segments.map { writer.add($0) }.joined()
        #expect(
          try pieces + writer.finish(duration: transcript.duration)
            == transcript.formatted(as: .vtt, subtitles: shape))
      }
    }
  }

  /// Two lines of 42 columns, 0.1 to 7 s, and 0.8 s wherever there is time; no line begins with a mark.
  @Test(arguments: [true, false]) func subtitlesFollowTheNorms(spaced: Bool) throws {
    var generator = SeededGenerator(seed: 8)
    var (count, short) = (0, 0)
    for _ in 0..<60 {
      let cues = try read(sane(&generator, spaced: spaced), .srt, SubtitleOptions())
      for cue in cues {
        #expect(cue.lines.count <= 2 && cue.end - cue.start <= 7_000)
        for line in cue.lines {
          #expect((1...42).contains(String(line).columns))
          #expect(line.first.map { !"、。！,.;?".contains($0) } == true)
        }
        count += 1
        short += cue.end - cue.start < 800 ? 1 : 0
      }
    }
    #expect(count > 300 && short * 50 < count, "\(short) of \(count)")
  }

  /// Lines end where something does.
  @Test func breaksAreBetweenPhrases() throws {
    let text =
      "I could not help watching your face with some anxiety, when Mr. Thornton made his confession of having been a shopboy in the town of Milton. You don't mean that you thought me so silly? I really liked that account of himself better than anything else he said."
    let segment = Segment(start: 0, end: 16, text: text, tokens: [], language: "en")
    let cues = try read(Transcript(segments: [segment], duration: 16), .srt, SubtitleOptions())
    #expect(cues.words.joined(separator: " ") == text)
    #expect((4...6).contains(cues.count))
    for line in cues.flatMap(\.lines) {
      let last = line.split(separator: " ").last ?? ""
      #expect(
        !["Mr.", "the", "a", "of", "in", "with", "his", "that", "your", "than"].contains(last), "\(line)")
    }
    #expect(cues.contains { $0.text.hasSuffix("Milton.") } && cues.contains { $0.text.hasSuffix("silly?") })
    #expect(cues.allSatisfy { Double($0.text.count) <= 17.5 * Double($0.end - $0.start) / 1_000 })
  }
}
