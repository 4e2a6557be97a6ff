// Whisper's log-mel spectrogram, before and after normalisation.

import Foundation

/// The features that Whisper was trained on (Radford et al., 2022, section 2.2; openai-whisper's `audio.py`): frames of
/// 25 ms every 10 ms under a periodic Hann window, their power in mel bins, its logarithm.
package struct LogMelSpectrogram: Sendable {
  /// Samples of a frame, and between the beginnings of two.
  package static let frameLength = 400
  package static let hop = 160
  /// What the logarithm of a frame of silence is: log10 of the smallest power that is told from zero.
  package static let floor: Float = -10
  static let smallestPower: Float = 1e-10

  package let bins: Int
  private let spectrum = PowerSpectrum()
  private let filters: PackedFilters
  /// The Hann window, four samples at a time.
  private let window: [Lanes]

  /// - Parameter bins: 80, or 128 from large-v3 on.
  package init(bins: Int) {
    self.bins = bins
    filters = PackedFilters(MelFilterBank(bins: bins, transformSize: Self.frameLength))
    window = (0..<Self.frameLength / 4).map { quad in
      var lanes = Lanes.zero
      for lane in 0..<4 {
        let turn = Double(4 * quad + lane) / Double(Self.frameLength)
        lanes[lane] = Float(0.5 - 0.5 * cos(2 * Double.pi * turn))
      }
      return lanes
    }
  }

  /// log10 of the power in each mel bin, at least ``floor``, not yet normalised: `[frames, bins]`.
  ///
  /// - Parameter samples: frame *f* is samples `160 f ..< 160 f + 400`; what lies past the end is silence.
  package func logPower(of samples: [Float], frames: Int) -> [Float] {
    var result = [Float](repeating: Self.floor, count: frames * bins)
    _ = logPower(of: samples, frames: frames, into: &result)
    return result
  }

  /// Writes what ``logPower(of:frames:)`` gives to the beginning of `result`, and returns the largest of it.
  func logPower(of samples: [Float], frames: Int, into result: inout [Float]) -> Float {
    precondition(frames * bins <= result.count)
    var workspace = PowerSpectrum.Workspace()
    var block = [Lanes](repeating: .zero, count: Self.blockLength)
    var loudest = Lanes(repeating: Self.floor)
    for first in stride(from: 0, to: frames, by: PowerSpectrum.framesAtOnce) {
      load(samples, from: first * Self.hop, into: &block)
      applyWindow(to: block, into: &workspace.frames)
      spectrum.transform(&workspace)
      filters.logPower(
        of: workspace.power, into: &result, first: first,
        count: min(PowerSpectrum.framesAtOnce, frames - first), loudest: &loudest)
    }
    return loudest.max()
  }

  /// Samples, in fours, from the first of eight frames to the last.
  private static let blockLength = ((PowerSpectrum.framesAtOnce - 1) * hop + frameLength) / 4

  private func load(_ samples: [Float], from start: Int, into block: inout [Lanes]) {
    let whole = max(0, min(block.count, (samples.count - start) / 4))
    let bytes = samples.span.bytes
    var target = block.mutableSpan
    for quad in 0..<whole {
      target[quad] = bytes.unsafeLoadUnaligned(fromByteOffset: 4 * (start + 4 * quad), as: Lanes.self)
    }
    for quad in whole..<target.count {
      target[quad] = .zero
      for lane in 0..<4 where start + 4 * quad + lane < samples.count {
        target[quad][lane] = samples[start + 4 * quad + lane]
      }
    }
  }

  private func applyWindow(to block: [Lanes], into frames: inout [ComplexLanes]) {
    let block = block.span
    let window = window.span
    let places = spectrum.places.span
    var frames = frames.mutableSpan
    let hop = Self.hop / 4
    for quad in 0..<Self.frameLength / 4 {
      let weights = window[quad]
      /// The samples of a frame, under the window.
      @inline(__always) func samples(_ frame: Int) -> Lanes { block[quad + frame * hop] * weights }
      let real = transposed(samples(0), samples(1), samples(2), samples(3))
      let imaginary = transposed(samples(4), samples(5), samples(6), samples(7))
      frames[places[4 * quad]] = ComplexLanes(real.0, imaginary.0)
      frames[places[4 * quad + 1]] = ComplexLanes(real.1, imaginary.1)
      frames[places[4 * quad + 2]] = ComplexLanes(real.2, imaginary.2)
      frames[places[4 * quad + 3]] = ComplexLanes(real.3, imaginary.3)
    }
  }

  /// Normalises logarithms: eight orders of magnitude below the loudest at least, then `(x + 4) / 4`.
  static func normalize(_ values: inout [Float], loudest: Float) {
    let quietest = loudest - 8
    var values = values.mutableSpan
    for index in values.indices {
      let value = values[index]
      values[index] = ((value > quietest ? value : quietest) + 4) * 0.25
    }
  }
}
