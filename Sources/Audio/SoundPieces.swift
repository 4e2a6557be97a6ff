// Sound that comes in pieces from memory or from another task, at any rate, read as if it were a file.

/// One channel of sound at 16 kHz, made of pieces at any rate. Not for several tasks at once.
package final class SoundPieces: ChannelSource {
  /// Samples a second that can be converted.
  package static let rates = RateConverter.rates

  package let name: String
  package let report = SoundReport()
  package let channelCount = 1
  private var converter: RateConverter
  private let next: () throws(AudioError) -> [Float]?
  private var ready: [Float] = []
  private var hasEnded = false
  private var failure: AudioError?

  /// - Parameters:
  ///   - name: for messages.
  ///   - rate: samples a second of the pieces.
  ///   - duration: seconds in all, if that is known.
  ///   - next: the next piece, of any length; nil at the end. It may block.
  package init(
    name: String, rate: Int, duration: Double? = nil, next: @escaping () throws(AudioError) -> [Float]?
  ) {
    self.name = name
    self.next = next
    converter = RateConverter(from: rate, to: AudioDecoder.sampleRate)
    report.set(duration: duration)
  }

  /// Sound in memory.
  package convenience init(_ samples: [Float], name: String, rate: Int) {
    var rest = samples[...]
    self.init(name: name, rate: rate, duration: Double(samples.count) / Double(rate)) {
      () throws(AudioError) in
      if rest.isEmpty { return nil }
      let piece = Array(rest.prefix(rate))
      rest = rest.dropFirst(piece.count)
      return piece
    }
  }

  package func read(upTo count: Int) throws(AudioError) -> [Float] {
    while ready.count < count, !hasEnded { take() }
    let taken = Array(ready.prefix(count))
    ready.removeFirst(taken.count)
    if taken.isEmpty, count > 0, let failure { throw failure }
    return taken
  }

  package func readChannels(upTo count: Int) throws(AudioError) -> [[Float]] { [try read(upTo: count)] }

  private func take() {
    do throws(AudioError) {
      guard var piece = try next() else {
        hasEnded = true
        converter.flush(into: &ready)
        return
      }
      limitSamples(&piece, piece.indices)
      converter.convert(piece, into: &ready)
    } catch {
      hasEnded = true
      converter.flush(into: &ready)
      failure = error
    }
  }
}
