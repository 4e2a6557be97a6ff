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

  /// Samples a second that are believed: old telephones had 4000, measuring instruments have 1.5 million.
  static let rates = 1_000...1_536_000

  private let name: String
  private let rate: Int
  private var context: OpaquePointer?
  private var current: SourceFormat?
  /// What the filter writes to.
  private var scratch: [Float] = []

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
    guard Self.rates.contains(Int(format.rate)) else {
      throw .unlikelyRate(file: name, rate: Int(format.rate))
    }
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
    if scratch.count < room { scratch = [Float](repeating: 0, count: Int(room)) }
    let written = scratch.withUnsafeMutableBytes { buffer in
      var target = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return swr_convert(context, &target, room, planes, samples)
    }
    guard written >= 0 else { throw .decodingFailed(file: name, reason: errorText(written)) }
    Self.limit(&scratch, count: Int(written))
    output += scratch[..<Int(written)]
  }

  /// A file of floats can hold anything: what is not a number, or so large that its power would not be one, becomes
  /// silence.
  private static func limit(_ samples: inout [Float], count: Int) {
    var samples = samples.mutableSpan
    for index in 0..<count {
      let sample = samples[index]
      samples[index] = sample.magnitude <= 1e15 ? sample : 0
    }
  }
}
