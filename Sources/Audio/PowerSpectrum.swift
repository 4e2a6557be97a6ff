// The power spectrum of eight real frames of 400 samples at once.

/// A Fourier transform of 400 = 16 · 25 points by the prime factor algorithm (Good, "The Interaction Algorithm and
/// Practical Fourier Analysis", 1958): the two lengths have no common factor, so points and frequencies can be numbered
/// by pairs such that nothing has to be multiplied between a transform of 16 and one of 25 points. Each of those is
/// done in two passes, as 4 · 4 and 5 · 5.
///
/// Two real frames are the real and the imaginary part of a complex one, of which four are transformed at once.
struct PowerSpectrum: Sendable {
  static let size = 400
  /// Frequencies from 0 to half the sample rate.
  static let frequencies = size / 2 + 1
  static let framesAtOnce = 2 * Lanes.scalarCount

  /// What a transform works on; made once and used for one transform after the other.
  struct Workspace {
    /// The windowed samples in the order of ``PowerSpectrum/places``, `[400]`: four frames as real parts and four as
    /// imaginary parts. A transform overwrites them.
    var frames = [ComplexLanes](repeating: ComplexLanes(), count: size)
    /// The complex spectrum, `[16, 25]`.
    fileprivate var spectrum = [ComplexLanes](repeating: ComplexLanes(), count: size)
    /// `|X(k)|²`, `[201]`, of the first four frames as real parts and of the others as imaginary parts.
    var power = [ComplexLanes](repeating: ComplexLanes(), count: frequencies)
  }

  /// Where each sample goes: sample n is point (9 n mod 16) of transform (11 n mod 25), because
  /// n = 25 · 9 n + 16 · 11 n (mod 400).
  let places = (0..<size).map { 11 * $0 % 25 * 16 + 9 * $0 % 16 }

  /// e^(-2πi jk / 16), `[4, 4]`, and e^(-2πi jk / 25), `[5, 5]`.
  private let twiddles16 = (0..<16).map { ComplexLanes(turn: $0 / 4 * ($0 % 4), of: 16) }
  private let twiddles25 = (0..<25).map { ComplexLanes(turn: $0 / 5 * ($0 % 5), of: 25) }
  /// Where a frequency and its negative lie in the spectrum.
  private let pairs = (0..<frequencies).map { Pair(positive: place($0), negative: place((size - $0) % size)) }

  private struct Pair {
    var positive: Int
    var negative: Int
  }

  /// Frequency k is number k mod 16 of one transform and number k mod 25 of the other, which leaves its results in the
  /// order of its two passes.
  private static func place(_ frequency: Int) -> Int {
    frequency % 16 * 25 + frequency % 5 * 5 + frequency % 25 / 5
  }

  /// Transforms `workspace.frames` into `workspace.power`.
  func transform(_ workspace: inout Workspace) {
    transformRows(&workspace.frames, into: &workspace.spectrum)
    transformColumns(&workspace.spectrum)
    separate(workspace.spectrum, into: &workspace.power)
  }

  private func transformRows(_ frames: inout [ComplexLanes], into spectrum: inout [ComplexLanes]) {
    var frames = frames.mutableSpan
    var spectrum = spectrum.mutableSpan
    for number in 0..<25 { transform16(&frames, number, into: &spectrum) }
  }

  private func transformColumns(_ spectrum: inout [ComplexLanes]) {
    var spectrum = spectrum.mutableSpan
    for number in 0..<16 { transform25(&spectrum, number) }
  }

  /// The power spectra of the real and of the imaginary frames.
  private func separate(_ spectrum: [ComplexLanes], into power: inout [ComplexLanes]) {
    let spectrum = spectrum.span
    let pairs = pairs.span
    var power = power.mutableSpan
    for k in 0..<Self.frequencies {
      let (a, b) = (spectrum[pairs[k].positive], spectrum[pairs[k].negative])
      // Twice the part that is its own conjugate at -k, which is the real frames', and twice the rest.
      let first = ComplexLanes(a.real + b.real, a.imaginary - b.imaginary)
      let second = ComplexLanes(a.imaginary + b.imaginary, b.real - a.real)
      power[k] = ComplexLanes(first.power, second.power) * 0.25
    }
  }

  @inline(__always)
  private func transform16(
    _ frames: inout MutableSpan<ComplexLanes>, _ number: Int,
    into spectrum: inout MutableSpan<ComplexLanes>
  ) {
    let first = 16 * number
    for j in 0..<4 {
      let at = first + j
      let x = ComplexLanes.transform(frames[at], frames[at + 4], frames[at + 8], frames[at + 12])
      frames[at] = x.0
      frames[at + 4] = x.1 * twiddles16[4 + j]
      frames[at + 8] = x.2 * twiddles16[8 + j]
      frames[at + 12] = x.3 * twiddles16[12 + j]
    }
    for k in 0..<4 {
      let at = first + 4 * k
      let x = ComplexLanes.transform(frames[at], frames[at + 1], frames[at + 2], frames[at + 3])
      spectrum[25 * k + number] = x.0
      spectrum[25 * (k + 4) + number] = x.1
      spectrum[25 * (k + 8) + number] = x.2
      spectrum[25 * (k + 12) + number] = x.3
    }
  }

  @inline(__always)
  private func transform25(_ points: inout MutableSpan<ComplexLanes>, _ number: Int) {
    let first = 25 * number
    for j in 0..<5 {
      let at = first + j
      let x = ComplexLanes.transform(
        points[at], points[at + 5], points[at + 10], points[at + 15], points[at + 20])
      points[at] = x.0
      points[at + 5] = x.1 * twiddles25[5 + j]
      points[at + 10] = x.2 * twiddles25[10 + j]
      points[at + 15] = x.3 * twiddles25[15 + j]
      points[at + 20] = x.4 * twiddles25[20 + j]
    }
    for k in 0..<5 {
      let at = first + 5 * k
      let x = ComplexLanes.transform(
        points[at], points[at + 1], points[at + 2], points[at + 3], points[at + 4])
      points[at] = x.0
      points[at + 1] = x.1
      points[at + 2] = x.2
      points[at + 3] = x.3
      points[at + 4] = x.4
    }
  }
}
