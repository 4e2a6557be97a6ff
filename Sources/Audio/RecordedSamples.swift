// Sound that is in memory, read as if it were a file.

/// Where 16 kHz mono sound comes from, piece by piece.
package protocol SampleSource: AnyObject {
  /// At most `count` samples, fewer at the end of the sound, and none after it.
  func read(upTo count: Int) throws(AudioError) -> [Float]
}

/// A recording with one or several channels.
package protocol ChannelSource: SampleSource {
  /// The recording's name, for messages.
  var name: String { get }
  /// What is known of the recording, for any thread.
  var report: SoundReport { get }
  /// Channels that ``readChannels(upTo:)`` gives.
  var channelCount: Int { get }
  /// At most `count` samples of each channel, `[channelCount][samples]`, all of the same length; see ``read(upTo:)``.
  func readChannels(upTo count: Int) throws(AudioError) -> [[Float]]
}

/// A stretch of sound that has been read before.
package final class RecordedSamples: SampleSource {
  private var rest: ArraySlice<Float>
  /// Thrown after the last sample.
  private let failure: AudioError?

  package init(_ samples: ArraySlice<Float>, failure: AudioError? = nil) {
    rest = samples
    self.failure = failure
  }

  package func read(upTo count: Int) throws(AudioError) -> [Float] {
    let taken = Array(rest.prefix(count))
    rest = rest.dropFirst(count)
    if taken.isEmpty, count > 0, let failure { throw failure }
    return taken
  }
}

/// Sound as it is read, and its beginning once more.
package final class BeginningOfSound: SampleSource {
  private let source: any SampleSource
  private let limit: Int
  private var beginning: [Float] = []
  private var failure: AudioError?

  /// - Parameter seconds: of the beginning.
  package init(_ source: any SampleSource, seconds: Int) {
    self.source = source
    limit = seconds * AudioDecoder.sampleRate
  }

  /// The beginning, as far as it was read.
  package var recorded: RecordedSamples { RecordedSamples(beginning[...], failure: failure) }

  package func read(upTo count: Int) throws(AudioError) -> [Float] {
    do throws(AudioError) {
      let samples = try source.read(upTo: count)
      beginning += samples.prefix(max(0, limit - beginning.count))
      return samples
    } catch {
      failure = error
      throw error
    }
  }
}

/// A recording that has been read whole.
package struct WholeSound: Sendable {
  package var samples: [Float] = []
  /// What ended the reading early.
  package var failure: AudioError?

  /// - Parameter isCancelled: asked every 30 s of sound.
  package init(_ source: some SampleSource, isCancelled: () -> Bool) throws(CancellationError) {
    while true {
      if isCancelled() { throw CancellationError() }
      do throws(AudioError) {
        let part = try source.read(upTo: LogMelWindow.samples)
        if part.isEmpty { return }
        samples += part
      } catch {
        failure = error
        return
      }
    }
  }
}
