// Where decoded sound belongs on the clock of its container.

/// Places pieces of sound by the times that a container gives them: missing sound becomes silence, and a clock that is broken
/// is not followed.
///
/// Times are seconds. A piece that does not follow the one before it is suspect until the next one is known: a single wrong
/// time moves nothing.
struct Timeline {
  /// What to do with a piece.
  struct Placement: Equatable {
    /// Seconds of silence before the pieces that were suspect, which can be placed now; nil if there were none.
    var silence: Double?
    /// Whether this piece has to wait.
    var isSuspect = false
  }

  /// A break in the container's clock that was not followed.
  struct Jump: Equatable {
    /// Where, on the clock that is kept here.
    var at: Double
    /// How far, backwards if negative.
    var by: Double
    /// The container's own time after it.
    var to: Double
  }

  /// Silence that was put in where sound was missing.
  struct Gap: Equatable {
    var at: Double
    var seconds: Double
  }

  /// Shorter gaps are the rounding of a container's clock.
  static let tolerance = 0.02
  /// Longer ones are not believed: nobody is silent on a track for an hour, and a damaged number is large.
  static let longestGap = 3_600.0
  /// All of them together: what is silent for longer is a clock that runs away.
  static let longestSilence = 86_400.0
  /// Sound may run ahead of the clock by so much: packets of some recorders overlap.
  static let overlap = 0.5

  /// Where the sound so far ends.
  private(set) var end = 0.0
  private(set) var jumps: [Jump] = []
  private(set) var gaps: [Gap] = []
  /// Seconds of all gaps.
  private var silence = 0.0
  /// What is taken from the container's times: where it begins, and later what it jumped by.
  private var offset: Double
  private let origin: Double
  /// How far the container's clock is ahead of this one, by breaks that were not followed.
  var shift: Double { offset - origin }
  private var suspect: (time: Double, duration: Double)?

  /// - Parameters:
  ///   - origin: the container's time at which its first picture or sound is shown.
  ///   - end: of sound that came before the first time.
  init(origin: Double, end: Double = 0) {
    self.origin = origin
    self.end = end
    offset = origin
  }

  /// Places the next piece.
  ///
  /// - Parameters:
  ///   - time: where it begins, on the container's clock; nil if that is not known.
  ///   - duration: of its samples.
  mutating func place(_ time: Double?, duration: Double) -> Placement {
    var placement = Placement()
    if let waiting = suspect {
      suspect = nil
      let isOutlier = time.map { abs($0 - offset - end - waiting.duration) < Self.tolerance } ?? true
      placement.silence = isOutlier ? 0 : settle(waiting)
      end += waiting.duration
    }
    guard let time, let deviation = deviation(of: time) else {
      end += duration
      return placement
    }
    if deviation < Self.tolerance, deviation > -Self.overlap {
      end += duration
    } else {
      suspect = (time, duration)
      placement.isSuspect = true
    }
    return placement
  }

  /// Seconds of silence before the pieces that were still suspect at the end of the sound; nil if there were none.
  mutating func finish() -> Double? {
    guard let waiting = suspect else { return nil }
    suspect = nil
    defer { end += waiting.duration }
    return settle(waiting)
  }

  /// How far a time is from where sound ended; nil if it is no time.
  private mutating func deviation(of time: Double) -> Double? {
    guard time.isFinite else { return nil }
    // After one wrong time the clock may go on as before.
    if offset != origin, abs(time - origin - end) < Self.tolerance { offset = origin }
    return time - offset - end
  }

  private mutating func settle(_ piece: (time: Double, duration: Double)) -> Double {
    let deviation = piece.time - offset - end
    if deviation > 0, deviation <= min(Self.longestGap, Self.longestSilence - silence) {
      silence += deviation
      gaps.append(Gap(at: end, seconds: deviation))
      end += deviation
      return deviation
    }
    jumps.append(Jump(at: end, by: deviation, to: piece.time - origin))
    offset = piece.time - end
    return 0
  }
}
