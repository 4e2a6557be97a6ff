// Sound that ends as soon as nobody wants it any more.

import SwiftletAudio

/// A source that has no more sound once it is stopped, so that whatever reads it to its end comes to one. Whoever works with
/// it must find out why it ended.
final class StoppableSamples: SampleSource {
  private let source: any SampleSource
  private let isStopped: () -> Bool

  init(_ source: any SampleSource, isStopped: @escaping () -> Bool) {
    self.source = source
    self.isStopped = isStopped
  }

  func read(upTo count: Int) throws(AudioError) -> [Float] {
    isStopped() ? [] : try source.read(upTo: count)
  }
}
