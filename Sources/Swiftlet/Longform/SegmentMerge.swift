// The segments of several channels, in the order of their times.

/// Brings the segments of channels, each of which comes in order, into one order, as soon as it is certain.
struct SegmentMerge {
  private let labels: Bool
  /// Up to where the segments of each channel are known, in seconds.
  private(set) var ends: [Double]
  /// What may still come after segments of other channels, and its channel from 0 on.
  private(set) var waiting: [(segment: Segment, channel: Int)] = []

  /// - Parameters:
  ///   - channels: how many there are.
  ///   - labels: whether segments bear the number of their channel.
  init(channels: Int, labels: Bool) {
    self.labels = labels
    ends = Array(repeating: 0, count: channels)
  }

  /// Goes on where another was.
  mutating func resume(from checkpoint: TranscriptionCheckpoint) {
    ends = checkpoint.channels.map { $0.known ?? .infinity }
    waiting = checkpoint.waiting.map { ($0.segment, $0.channel) }
  }

  func save(into checkpoint: inout TranscriptionCheckpoint) {
    for (index, end) in ends.enumerated() { checkpoint.channels[index].known = end.isFinite ? end : nil }
    checkpoint.waiting = waiting.map {
      TranscriptionCheckpoint.Waiting(segment: $0.segment, channel: $0.channel)
    }
  }

  /// Takes the next segments of a channel.
  ///
  /// - Parameters:
  ///   - channel: from 0 on.
  ///   - known: up to where the segments of each channel are known now; infinity at its end.
  /// - Returns: the segments that none can come before any more.
  mutating func add(_ segments: [Segment], channel: Int, known: [Double]) -> [Segment] {
    ends = zip(ends, known).map(max)
    for segment in segments {
      var segment = segment
      if labels { segment.channel = channel + 1 }
      waiting.append((segment, channel))
    }
    return ready(before: ends.min() ?? .infinity)
  }

  /// All that is left.
  mutating func finish() -> [Segment] { ready(before: .infinity) }

  private mutating func ready(before time: Double) -> [Segment] {
    // Segments of one channel stay in their order.
    let sorted = waiting.enumerated().sorted {
      ($0.element.segment.start, $0.element.channel, $0.offset) < (
        $1.element.segment.start, $1.element.channel, $1.offset
      )
    }.map(\.element)
    // With one channel there is nothing to wait for.
    let limit = ends.count == 1 ? .infinity : time
    let isReady = { (segment: Segment) in segment.start < limit || limit == .infinity }
    waiting = sorted.filter { !isReady($0.segment) }
    return sorted.filter { isReady($0.segment) }.map(\.segment)
  }
}
