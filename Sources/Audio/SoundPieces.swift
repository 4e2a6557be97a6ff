// Sound that comes in pieces from memory or from another task, at any rate, read as if it were a file.

import CFFmpeg

/// One channel of sound at 16 kHz, made of pieces at any rate. Not for several tasks at once.
package final class SoundPieces: MonoSource {
  /// Samples a second that can be converted.
  package static let rates = Resampler.rates

  package let name: String
  package let report = SoundReport()
  private let rate: Int
  private let resampler: Resampler
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
    self.rate = rate
    self.next = next
    resampler = Resampler(name: name, rate: AudioDecoder.sampleRate, output: .mono)
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

  private func take() {
    do throws(AudioError) {
      guard var piece = try next() else {
        hasEnded = true
        var channels: [[Float]] = [[]]
        try resampler.flush(into: &channels)
        ready += channels[0]
        return
      }
      if rate == AudioDecoder.sampleRate {
        Resampler.limit(&piece)
        ready += piece
      } else if !piece.isEmpty {
        ready += try converted(piece)
      }
    } catch {
      hasEnded = true
      failure = error
    }
  }

  private func converted(_ piece: [Float]) throws(AudioError) -> [Float] {
    var frame = av_frame_alloc()
    defer { av_frame_free(&frame) }
    guard let frame else { throw .decodingFailed(file: name, reason: "out of memory") }
    frame.pointee.format = AV_SAMPLE_FMT_FLT.rawValue
    frame.pointee.sample_rate = Int32(rate)
    frame.pointee.nb_samples = Int32(piece.count)
    av_channel_layout_default(&frame.pointee.ch_layout, 1)
    let status = av_frame_get_buffer(frame, 0)
    guard status >= 0, let target = frame.pointee.extended_data[0] else {
      throw .decodingFailed(file: name, reason: errorText(status))
    }
    piece.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: target, count: source.count).copyMemory(from: source)
    }
    var channels: [[Float]] = [[]]
    try resampler.convert(frame, into: &channels)
    return channels[0]
  }
}
