// Frames of any rate, layout and sample format to mono fp32 at one rate, through libswresample.

import CFFmpeg

/// Keeps libswresample's state between frames, and begins anew when the format of the sound changes.
final class Resampler {
  private struct SourceFormat: Equatable {
    var rate: Int32
    var sampleFormat: Int32
    var channels: Int32
    var mask: UInt64
  }

  private let name: String
  private let rate: Int
  private var context: OpaquePointer?
  private var current: SourceFormat?

  init(name: String, rate: Int) {
    self.name = name
    self.rate = rate
  }

  deinit { swr_free(&context) }

  /// Appends the samples of `frame` to `output`, as many as the filter has finished.
  func convert(_ frame: UnsafeMutablePointer<AVFrame>, into output: inout [Float]) throws(AudioError) {
    let layout = frame.pointee.ch_layout
    let format = SourceFormat(
      rate: frame.pointee.sample_rate, sampleFormat: frame.pointee.format, channels: layout.nb_channels,
      mask: layout.order == AV_CHANNEL_ORDER_NATIVE ? layout.u.mask : 0)
    if format != current {
      try flush(into: &output)
      try open(format, frame)
    }
    // The planes are read only; the header of FFmpeg 5 asks for them as const, of later ones for both as const.
    let planes = UnsafeMutableRawPointer(frame.pointee.extended_data)?
      .assumingMemoryBound(to: UnsafePointer<UInt8>?.self)
    try run(planes, samples: frame.pointee.nb_samples, into: &output)
  }

  /// Appends what the filter still holds.
  func flush(into output: inout [Float]) throws(AudioError) {
    guard context != nil else { return }
    try run(nil, samples: 0, into: &output)
    swr_free(&context)
    current = nil
  }

  private func open(_ format: SourceFormat, _ frame: UnsafeMutablePointer<AVFrame>) throws(AudioError) {
    var mono = AVChannelLayout()
    av_channel_layout_default(&mono, 1)
    var source = AVChannelLayout()
    if frame.pointee.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC {
      av_channel_layout_default(&source, format.channels)
    } else {
      av_channel_layout_copy(&source, &frame.pointee.ch_layout)
    }
    defer { av_channel_layout_uninit(&source) }
    var status = swr_alloc_set_opts2(
      &context, &mono, AV_SAMPLE_FMT_FLT, Int32(rate), &source, AVSampleFormat(format.sampleFormat),
      format.rate, 0,
      nil)
    if status >= 0 { status = swr_init(context) }
    guard status >= 0 else {
      swr_free(&context)
      throw .decodingFailed(file: name, reason: "its sound can't be converted (\(errorText(status)))")
    }
    current = format
  }

  private func run(
    _ planes: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, samples: Int32, into output: inout [Float]
  ) throws(AudioError) {
    let room = swr_get_out_samples(context, samples)
    guard room >= 0 else { throw .decodingFailed(file: name, reason: errorText(room)) }
    guard room > 0 else { return }
    var written: Int32 = 0
    let converted = [Float](unsafeUninitializedCapacity: Int(room)) { buffer, count in
      var target: UnsafeMutablePointer<UInt8>? = UnsafeMutableRawPointer(buffer.baseAddress)?
        .assumingMemoryBound(to: UInt8.self)
      written = swr_convert(context, &target, room, planes, samples)
      count = max(0, Int(written))
    }
    guard written >= 0 else { throw .decodingFailed(file: name, reason: errorText(written)) }
    output += converted
  }
}
