// The channels of a recording, each as a source of its own.

/// Reads a recording once for all its channels. What one channel has read and others have not is kept for them, so they should
/// be read at about the same pace. Not for several tasks at once.
package final class ChannelSplitter {
  private let source: any ChannelSource
  private var queues: [[Float]]
  private var hasEnded = false
  private var failure: AudioError?

  package init(_ source: any ChannelSource) {
    self.source = source
    queues = Array(repeating: [], count: source.channelCount)
  }

  /// The channels, in the order of the recording. Each throws what ended the recording early, after its last sample.
  package var channels: [any SampleSource] { queues.indices.map { Channel(splitter: self, index: $0) } }

  private func read(_ channel: Int, upTo count: Int) throws(AudioError) -> [Float] {
    while queues[channel].count < count, !hasEnded {
      do throws(AudioError) {
        let parts = try source.readChannels(upTo: count)
        hasEnded = parts[0].isEmpty
        for index in queues.indices { queues[index] += parts[index] }
      } catch {
        hasEnded = true
        failure = error
      }
    }
    let taken = Array(queues[channel].prefix(count))
    queues[channel].removeFirst(taken.count)
    if taken.isEmpty, count > 0, let failure { throw failure }
    return taken
  }

  private final class Channel: SampleSource {
    let splitter: ChannelSplitter
    let index: Int

    init(splitter: ChannelSplitter, index: Int) {
      self.splitter = splitter
      self.index = index
    }

    func read(upTo count: Int) throws(AudioError) -> [Float] { try splitter.read(index, upTo: count) }
  }
}
