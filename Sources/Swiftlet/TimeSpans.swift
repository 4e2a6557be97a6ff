// Times of segments, words and subtitles, put in order.

/// From one moment to another, in whole milliseconds.
struct TimeSpan: Hashable {
  var start: Int
  var end: Int

  /// A timestamp of Whisper's; what is said takes no less.
  static let leastSpeech = 20

  init(start: Int, end: Int) {
    self.start = start
    self.end = end
  }

  /// The nearest milliseconds; what is no time is nil.
  init?(start: Double, end: Double) {
    guard let start = Self.milliseconds(start), let end = Self.milliseconds(end) else { return nil }
    self.init(start: start, end: end)
  }

  /// The last whole millisecond of so many seconds of sound.
  static func lastMillisecond(_ seconds: Double) -> Int? {
    // 10.01 s are 10,009.999999999998 ms.
    milliseconds(((seconds * 1_000 + 1e-6).rounded(.down)) / 1_000)
  }

  static func milliseconds(_ seconds: Double) -> Int? {
    let rounded = (seconds * 1_000).rounded(.toNearestOrEven)
    return rounded.magnitude < 1e15 ? Int(rounded) : nil
  }
}

extension [TimeSpan] {
  /// The same with start < end and none before the end of the one before it, all between `first` and `last`, and each at
  /// least `least` long, or as long as there is room for so many. Where two overlap, the second one's start is kept; what is
  /// right already is not touched.
  func fitted(from first: Int, to last: Int, least: Int) -> [TimeSpan] {
    let last = Swift.max(first, last)
    let least = isEmpty ? least : Swift.min(least, (last - first) / count)
    var begin = first
    return enumerated().map { index, span in
      /// What follows needs the rest.
      let room = last - (count - 1 - index) * least
      let start = Swift.min(Swift.max(span.start, begin), room - least)
      let next = index + 1 < count ? self[index + 1].start : last
      let end = Swift.min(Swift.max(Swift.min(span.end, next), start + least), room)
      begin = end
      return TimeSpan(start: start, end: end)
    }
  }
}

extension [Segment] {
  /// In the order of their starts, without an overlap within a channel, between `first` and `last` seconds, each with its
  /// words in order within it. What is no time is where the one before it ends.
  func fitted(from first: Double = 0, to last: Double) -> [Segment] {
    var segments = self
    for channel in Set(map(\.channel)) {
      let own = segments.indices.filter { segments[$0].channel == channel }
      var spans: [TimeSpan] = []
      for index in own {
        let before = spans.last?.end ?? TimeSpan.milliseconds(first) ?? 0
        spans.append(
          TimeSpan(start: segments[index].start, end: segments[index].end)
            ?? TimeSpan(start: before, end: before))
      }
      let order = spans.indices.sorted { (spans[$0].start, $0) < (spans[$1].start, $1) }
      let fitted = order.map { spans[$0] }.fitted(
        from: TimeSpan.milliseconds(first) ?? 0, to: TimeSpan.lastMillisecond(last) ?? 0,
        least: TimeSpan.leastSpeech)
      for (place, span) in zip(order, fitted) { segments[own[place]].take(span) }
    }
    return segments.inOrder
  }

  /// By their starts; those that begin together, or at no time, stay behind the one before.
  var inOrder: [Segment] {
    var last = 0.0
    let starts = map { segment in
      if segment.start.isFinite { last = segment.start }
      return last
    }
    return indices.sorted { (starts[$0], $0) < (starts[$1], $1) }.map { self[$0] }
  }
}

extension Segment {
  /// Takes a time of its own, and its words with it.
  fileprivate mutating func take(_ span: TimeSpan) {
    let agrees = words?.first?.start == start && words?.last?.end == end
    start.take(span.start)
    end.take(span.end)
    guard var words, !words.isEmpty else { return }
    words.fit(from: span.start, to: span.end)
    if agrees {
      words[0].start = start
      words[words.count - 1].end = end
    }
    self.words = words
  }
}

extension [Word] {
  /// Puts their times in order between two moments, in milliseconds.
  mutating func fit(from first: Int, to last: Int) {
    var begin = first
    let spans = map { word in
      let span = TimeSpan(start: word.start, end: word.end) ?? TimeSpan(start: begin, end: begin)
      begin = span.end
      return span
    }
    let fitted = spans.fitted(from: first, to: last, least: TimeSpan.leastSpeech)
    for (index, span) in zip(indices, fitted) {
      self[index].start.take(span.start)
      self[index].end.take(span.end)
    }
  }
}

extension Double {
  /// Takes a time in milliseconds, if it is another one.
  fileprivate mutating func take(_ milliseconds: Int) {
    if TimeSpan.milliseconds(self) != milliseconds { self = Double(milliseconds) / 1_000 }
  }
}
