// Two channels to one, without losing what they say in opposite phase.

/// What becomes of the channels of a track.
enum ChannelOutput: Equatable {
  /// All of them added up, those of stereo so that none is cancelled.
  case mono
  /// So many channels, each by itself.
  case separate(Int)
}

/// Adds two channels up, sample by sample, or subtracts them where one is the other turned upside down: a wrongly wired
/// microphone would otherwise cancel every word.
///
/// Blocks of 10 ms decide by the energies of sum and difference over the last second or so, and a change of sign is faded in
/// over a block. Sound comes out in whole blocks; the rest with ``flush()``.
struct Downmix {
  private static let block = 160
  /// Keeps the power of channels that have nothing to do with each other: libswresample's coefficient for floats.
  static let gain = Float(0.5).squareRoot()
  /// How much of the past a block leaves: a time constant of 0.5 s.
  private static let decay: Float = 0.98
  /// The difference must have so many times the sum's energy to be taken, and at most half of it to be left again.
  private static let advantage: Float = 8
  private static let disadvantage: Float = 0.5

  private var sign: Float = 1
  private var sum: Float = 0
  private var difference: Float = 0
  private var left: [Float] = []
  private var right: [Float] = []

  /// Adds sound of both channels; appends what is finished to `output`.
  mutating func add(_ newLeft: ArraySlice<Float>, _ newRight: ArraySlice<Float>, to output: inout [Float]) {
    left += newLeft
    right += newRight
    let whole = left.count / Self.block * Self.block
    mix(whole, to: &output)
  }

  /// Appends what did not make a whole block.
  mutating func flush(to output: inout [Float]) { mix(left.count, to: &output) }

  private mutating func mix(_ count: Int, to output: inout [Float]) {
    output.reserveCapacity(output.count + count)
    for begin in stride(from: 0, to: count, by: Self.block) {
      mix(begin..<min(begin + Self.block, count), to: &output)
    }
    left.removeFirst(count)
    right.removeFirst(count)
  }

  private mutating func mix(_ range: Range<Int>, to output: inout [Float]) {
    let before = sign
    chooseSign(range)
    guard sign != before else {
      for index in range { output.append(Self.gain * (left[index] + sign * right[index])) }
      return
    }
    let step = (sign - before) / Float(range.count)
    for (number, index) in range.enumerated() {
      output.append(Self.gain * (left[index] + (before + step * Float(number)) * right[index]))
    }
  }

  private mutating func chooseSign(_ range: Range<Int>) {
    var (newSum, newDifference): (Float, Float) = (0, 0)
    for index in range {
      let (a, b) = (left[index], right[index])
      newSum += (a + b) * (a + b)
      newDifference += (a - b) * (a - b)
    }
    sum = sum * Self.decay + newSum
    difference = difference * Self.decay + newDifference
    if sign > 0, difference > Self.advantage * sum {
      sign = -1
    } else if sign < 0, difference < Self.disadvantage * sum {
      sign = 1
    }
  }
}
