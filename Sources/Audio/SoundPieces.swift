// Sound that comes in pieces from memory or from another task, at any rate, read as if it were a file.

/// Sound at 16 kHz, made of pieces at any rate. Not for several tasks at once.
package final class SoundPieces: ChannelSource {
  /// Samples a second that can be converted.
  package static let rates = RateConverter.rates
  /// How many channels pieces can have.
  package static let channelCounts = 1...WaveMixer.mostChannels

  package let name: String
  package let report = SoundReport()
  package let channelCount: Int
  private let rate: Int
  /// Channels of the pieces.
  private let pieceChannels: Int
  private let converter: WaveMixer
  /// The channel that is wanted, of those that come out of the converter; nil for all.
  private let chosenChannel: Int?
  private let next: () throws(AudioError) -> [[Float]]?
  /// What is converted, channel by channel.
  private var ready: [[Float]]
  private var hasEnded = false
  private var failure: AudioError?

  /// - Parameters:
  ///   - name: for messages.
  ///   - rate: samples a second of the pieces.
  ///   - channels: how many they have.
  ///   - selection: which of them are read.
  ///   - duration: seconds in all, if that is known.
  ///   - next: the next piece, of any length, which all of its channels have; nil at the end. It may block.
  package init(
    name: String, rate: Int, channels: Int = 1, selection: SoundSelection.Channels = .mix,
    duration: Double? = nil, next: @escaping () throws(AudioError) -> [[Float]]?
  ) throws(AudioError) {
    self.name = name
    self.rate = rate
    self.next = next
    pieceChannels = channels
    var output = ChannelOutput.separate(channels)
    switch selection {
    case .mix:
      output = .mono
      chosenChannel = nil
    case .separate: chosenChannel = nil
    case .one(let number):
      guard (1...channels).contains(number) else {
        throw .noSuchChannel(file: name, channel: number, count: channels)
      }
      chosenChannel = number - 1
    }
    let planes = output == .mono ? 1 : channels
    channelCount = chosenChannel == nil ? planes : 1
    ready = Array(repeating: [], count: planes)
    converter = WaveMixer(name: name, rate: AudioDecoder.sampleRate, output: output)
    report.set(duration: duration)
  }

  /// Sound of one channel in memory.
  package convenience init(_ samples: [Float], name: String, rate: Int) throws(AudioError) {
    var rest = samples[...]
    try self.init(name: name, rate: rate, duration: Double(samples.count) / Double(rate)) {
      () throws(AudioError) in
      if rest.isEmpty { return nil }
      let piece = Array(rest.prefix(rate))
      rest = rest.dropFirst(piece.count)
      return [piece]
    }
  }

  package func read(upTo count: Int) throws(AudioError) -> [Float] {
    precondition(channelCount == 1, "separate channels are read together")
    return try readChannels(upTo: count)[0]
  }

  package func readChannels(upTo count: Int) throws(AudioError) -> [[Float]] {
    while ready[0].count < count, !hasEnded { take() }
    var taken = ready.map { Array($0.prefix(count)) }
    for channel in ready.indices { ready[channel].removeFirst(taken[channel].count) }
    if let chosenChannel { taken = [taken[chosenChannel]] }
    if taken[0].isEmpty, count > 0, let failure { throw failure }
    return taken
  }

  private func take() {
    do throws(AudioError) {
      guard let piece = try next() else {
        hasEnded = true
        return try converter.flush(into: &ready)
      }
      guard piece.count == pieceChannels, piece.allSatisfy({ $0.count == piece[0].count }) else {
        throw .failed(file: name, reason: "a piece has not \(pieceChannels) channels of the same length.")
      }
      try converter.convert(WaveFrame(channels: piece, rate: rate), into: &ready)
    } catch {
      if !hasEnded { try? converter.flush(into: &ready) }
      hasEnded = true
      failure = error
    }
  }
}
