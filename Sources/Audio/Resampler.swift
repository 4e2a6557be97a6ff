// Frames of any rate, layout and sample format to mono fp32 at one rate, through libswresample.

#if FFmpeg
import CFFmpeg

/// Keeps libswresample's state between frames, and begins anew when the format of the sound changes.
final class Resampler {
  private struct SourceFormat: Equatable {
    var rate: Int32
    var sampleFormat: Int32
    var channels: Int32
    var mask: UInt64
  }

  static let rates = RateConverter.rates
  /// More than any recording has.
  static let mostChannels = 255

  private let name: String
  private let rate: Int
  private let output: ChannelOutput
  private var context: OpaquePointer?
  private var current: SourceFormat?
  /// Channels that come out of the filter, before they are mixed.
  private var planes = 1
  /// What the filter writes to, one channel after the other.
  private var scratch: [Float] = []
  private var downmix = Downmix()

  init(name: String, rate: Int, output: ChannelOutput) {
    self.name = name
    self.rate = rate
    self.output = output
  }

  deinit { swr_free(&context) }

  /// Appends the samples of `frame` to `channels`, as many as the filter has finished.
  func convert(_ frame: UnsafeMutablePointer<AVFrame>, into channels: inout [[Float]]) throws(AudioError) {
    let layout = frame.pointee.ch_layout
    let format = SourceFormat(
      rate: frame.pointee.sample_rate, sampleFormat: frame.pointee.format, channels: layout.nb_channels,
      mask: layout.order == AV_CHANNEL_ORDER_NATIVE ? layout.u.mask : 0)
    if format != current {
      try flush(into: &channels)
      try open(format, frame)
    }
    // The planes are read only; the header of FFmpeg 5 asks for them as const, of later ones for both as const.
    let source = UnsafeMutableRawPointer(frame.pointee.extended_data)?
      .assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
    try run(source, samples: frame.pointee.nb_samples, into: &channels)
  }

  /// Appends what the filter still holds.
  func flush(into channels: inout [[Float]]) throws(AudioError) {
    guard context != nil else { return }
    try run(nil, samples: 0, into: &channels)
    if output == .mono { downmix.flush(to: &channels[0]) }
    swr_free(&context)
    current = nil
  }

  private func open(_ format: SourceFormat, _ frame: UnsafeMutablePointer<AVFrame>) throws(AudioError) {
    guard Self.rates.contains(Int(format.rate)) else {
      throw .unlikelyRate(file: name, rate: Int(format.rate))
    }
    guard (1...Self.mostChannels).contains(Int(format.channels)) else {
      throw .decodingFailed(file: name, reason: "it claims \(format.channels) channels")
    }
    var source = AVChannelLayout()
    if frame.pointee.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
      av_channel_layout_default(&source, format.channels)
    } else {
      av_channel_layout_copy(&source, &frame.pointee.ch_layout)
    }
    defer { av_channel_layout_uninit(&source) }
    // More than two channels are mixed by their places in the room, which libswresample knows.
    planes = output == .mono && format.channels > 2 ? 1 : Int(format.channels)
    var target = AVChannelLayout()
    defer { av_channel_layout_uninit(&target) }
    if planes == Int(format.channels) {
      av_channel_layout_copy(&target, &source)
    } else {
      av_channel_layout_default(&target, 1)
    }
    var status = swr_alloc_set_opts2(
      &context, &target, AV_SAMPLE_FMT_FLTP, Int32(rate), &source, AVSampleFormat(format.sampleFormat),
      format.rate, 0,
      nil)
    if status >= 0 { status = swr_init(context) }
    guard status >= 0 else {
      swr_free(&context)
      throw .decodingFailed(file: name, reason: "its audio can't be converted (\(errorText(status)))")
    }
    current = format
  }

  private func run(
    _ source: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, samples: Int32, into channels: inout [[Float]]
  ) throws(AudioError) {
    let room = Int(swr_get_out_samples(context, samples))
    guard room >= 0 else { throw .decodingFailed(file: name, reason: errorText(Int32(room))) }
    guard room > 0 else { return }
    if scratch.count < room * planes { scratch = [Float](repeating: 0, count: room * planes) }
    let written = scratch.withUnsafeMutableBytes { buffer in
      var targets = (0..<planes).map {
        buffer.baseAddress?.advanced(by: $0 * room * 4).assumingMemoryBound(to: UInt8.self)
      }
      return targets.withUnsafeMutableBufferPointer {
        swr_convert(context, $0.baseAddress, Int32(room), source, samples)
      }
    }
    guard written >= 0 else { throw .decodingFailed(file: name, reason: errorText(written)) }
    for plane in 0..<planes { limitSamples(&scratch, plane * room..<plane * room + Int(written)) }
    deliver(Int(written), room: room, to: &channels)
  }

  private func deliver(_ count: Int, room: Int, to channels: inout [[Float]]) {
    func samples(_ plane: Int) -> ArraySlice<Float> { scratch[plane * room..<plane * room + count] }
    switch output {
    case .mono where planes == 2: downmix.add(samples(0), samples(1), to: &channels[0])
    case .mono: channels[0] += samples(0)
    case .separate:
      // Where the number of channels changes, a single one is all of them, and those that are missing are silent.
      for index in channels.indices {
        if planes == 1 {
          channels[index] += samples(0)
        } else if index < planes {
          channels[index] += samples(index)
        } else {
          channels[index] += repeatElement(0, count: count)
        }
      }
    }
  }
}
#endif
