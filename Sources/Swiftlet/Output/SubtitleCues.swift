// Segments to subtitles, and to rows of tables: each channel by itself, in order together.

import SwiftletText

struct SubtitleCues {
  /// What a cue is made of.
  enum Content {
    /// Text that follows the norms.
    case readable
    /// What openai-whisper puts into one.
    case openAI
    /// A segment.
    case segments
  }

  /// One channel, or all of them where they are not apart.
  fileprivate struct Lane {
    var rules: Rules
    var timeline: CueTimeline
    /// Milliseconds at which the last segment ends, and the latest one.
    var end = 0
    var latest = 0
  }

  fileprivate enum Rules {
    case readable(CuePlanner)
    case openAI(OpenAICues)
    case segments
  }

  private let options: SubtitleOptions
  private let content: Content
  private let labels: Bool
  /// Whether nothing is told before all is known.
  private let waits: Bool
  private var lanes: [Int?: Lane] = [:]

  /// - Parameters:
  ///   - labels: whether the name of who speaks takes room in a line.
  ///   - waits: whether nothing is told before all is known.
  init(_ content: Content, _ options: SubtitleOptions, labels: Bool, waits: Bool) {
    self.content = content
    self.options = options
    self.labels = labels
    self.waits = waits
  }

  /// The subtitles that are certain with this segment. Those of separate channels are mixed at the end.
  mutating func add(_ segment: Segment) -> [SubtitleCue] {
    let channel = segment.channel
    var lane = lanes[channel] ?? lane(for: channel)
    let text = TimedText(segment, after: lane.end)
    lane.end = text.time.end
    lane.latest = max(lane.latest, lane.end)
    let cues = lane.take(text, language: segment.language)
    lanes[channel] = lane
    return cues.flatMap { finished($0, channel) }
  }

  /// The rest.
  ///
  /// - Parameter end: milliseconds of sound; to the end of the last subtitle if nil.
  mutating func finish(end: Int?) -> [SubtitleCue] {
    let last = lanes.values.reduce(0) { max($0, $1.latest) }
    let cues = lanes.keys.sorted { ($0 ?? 0) < ($1 ?? 0) }.flatMap { channel in
      (lanes[channel]?.finish(end: end, last: last) ?? []).flatMap { finished($0, channel) }
    }
    lanes = [:]
    return cues.enumerated().sorted {
      ($0.element.time.start, $0.offset) < ($1.element.time.start, $1.offset)
    }.map(\.element)
  }

  private func lane(for channel: Int?) -> Lane {
    let label = labels ? channel.map { (speakerName(channel: $0) + ": ").columns } ?? 0 : 0
    return switch content {
    case .readable:
      Lane(
        rules: .readable(CuePlanner(label: label)),
        timeline: CueTimeline(.readable, waits: waits || channel != nil))
    case .openAI:
      Lane(
        rules: .openAI(OpenAICues(options, label: label)),
        timeline: CueTimeline(.spoken, waits: waits || channel != nil))
    case .segments:
      Lane(rules: .segments, timeline: CueTimeline(.spoken, waits: waits || channel != nil))
    }
  }

  private func finished(_ cue: SubtitleCue, _ channel: Int?) -> [SubtitleCue] {
    var cue = cue
    cue.channel = channel
    return options.highlightWords && content == .openAI ? cue.highlighted : [cue]
  }
}

extension SubtitleCues.Lane {
  fileprivate mutating func take(_ text: TimedText, language: String) -> [SubtitleCue] {
    let cues: [SubtitleCue]
    switch rules {
    case .readable(var planner):
      cues = planner.add(text, language: language)
      rules = .readable(planner)
    case .openAI(var words):
      cues = words.add(text)
      rules = .openAI(words)
    case .segments:
      let piece = SubtitleCue.Piece(text: text.text, time: text.time)
      cues = text.text.isEmpty ? [] : [SubtitleCue(time: text.time, pieces: [piece])]
    }
    return cues.flatMap { timeline.add($0) }
  }

  fileprivate mutating func finish(end: Int?, last: Int) -> [SubtitleCue] {
    let cues: [SubtitleCue]
    switch rules {
    case .readable(var planner): cues = planner.finish(end: end ?? last)
    case .openAI(var words): cues = words.finish()
    case .segments: cues = []
    }
    return cues.flatMap { timeline.add($0) } + timeline.finish(end: end, last: last)
  }
}
