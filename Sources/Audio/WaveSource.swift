// WAV files and plain samples, read without FFmpeg.

import Foundation

/// Some of a recording's samples.
struct WaveFrame {
  /// Channel by channel, in [-1, 1].
  var channels: [[Float]]
  var rate: Int

  var duration: Double { Double(channels.first?.count ?? 0) / Double(max(1, rate)) }
}

/// A WAV, RF64 or Wave64 file of PCM or floating-point samples, or samples without a header.
///
/// It stands in for ``MediaSource`` where this package is built without FFmpeg, and has what ``AudioDecoder`` asks of that one.
final class WaveSource {
  private let bytes: ByteSource
  private let name: String
  private let header: WaveHeader?
  private let format: WaveFormat
  /// The only one.
  let track: SoundTrack
  private var buffer: [UInt8]
  /// Bytes of a frame that did not come whole.
  private var rest: [UInt8] = []
  private var hasEnded = false
  private(set) var brokeOff = false

  /// Frames of samples that are read at once.
  private static let blockLength = 4_096

  init(
    _ location: MediaLocation, name: String, raw: RawSound?, selection: SoundSelection,
    isCancelled: @escaping () -> Bool
  ) throws(AudioError) {
    self.name = name
    bytes = try ByteSource(location, name: name, isCancelled: isCancelled)
    let format: WaveFormat?
    if let raw {
      header = nil
      format = WaveFormat(raw)
    } else {
      guard let header = try bytes.correctedWaveHeader(name) else { throw .needsFFmpeg(file: name) }
      self.header = header
      format = header.format
      // What follows are other chunks. Of a pipe, that is known when it has been read so far.
      if bytes.isSeekable { bytes.cut(to: header.dataOffset + Int(min(header.declaredSize, 1 << 62))) }
    }
    guard let format else { throw .needsFFmpeg(file: name) }
    guard RateConverter.rates.contains(format.rate) else {
      throw .unlikelyRate(file: name, rate: format.rate)
    }
    guard format.channels <= WaveMixer.mostChannels else {
      throw .decodingFailed(file: name, reason: "it claims \(format.channels) channels")
    }
    self.format = format
    track = SoundTrack(
      stream: 0, number: 1, language: nil, codec: format.codecName, isDefault: true, isSpecial: false,
      isDecodable: true)
    buffer = [UInt8](repeating: 0, count: Self.blockLength * format.frameBytes)
    _ = try selection.candidates(of: tracks, file: name)
    if let header { try skip(header.dataOffset) }
  }

  var tracks: [SoundTrack] { [track] }
  var channels: Int { format.channels }
  /// There is nothing here that could fail to be decoded.
  var isPlain: Bool { true }
  var isOgg: Bool { false }
  var lost: Double { 0 }
  var failure: String? { nil }

  func takeDamage() -> Bool { false }
  func origin(firstSound: Double) -> Double { firstSound }
  func declaredEnd(origin: Double) -> Double? { header?.declaredSeconds }

  func duration(origin: Double) -> Double? {
    if let declared = header?.declaredSeconds { return declared }
    guard header == nil, let size = bytes.size else { return nil }
    return Double(size) / Double(format.frameBytes * format.rate)
  }

  /// The next samples, which have no time of their own: they follow each other. Nil at the end.
  func nextFrame() throws(AudioError) -> (frame: WaveFrame, time: Double?)? {
    while !hasEnded {
      let count = try read(buffer.count)
      if count <= 0 { hasEnded = true }
      rest += buffer[..<max(0, count)]
      let whole = rest.count / format.frameBytes * format.frameBytes
      guard whole > 0 else { continue }
      let frame = WaveFrame(channels: format.samples(of: rest[..<whole]), rate: format.rate)
      rest.removeFirst(whole)
      return (frame, nil)
    }
    return nil
  }

  /// - Returns: how many bytes came into ``buffer``, which are none at the end.
  private func read(_ count: Int) throws(AudioError) -> Int {
    let received = buffer.withUnsafeMutableBytes {
      bytes.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]))
    }
    if received == -Int(ECANCELED) { throw .cancelled(file: name) }
    if received < 0 { brokeOff = true }
    return received
  }

  private func skip(_ count: Int) throws(AudioError) {
    guard !bytes.seek(to: count) else { return }
    var left = count
    while left > 0 {
      let received = try read(min(left, buffer.count))
      guard received > 0 else { throw .noSamples(file: name) }
      left -= received
    }
  }
}

/// Frames of samples at another rate, mixed if that is wanted: those of ``SoundPieces``, and of a ``WaveSource``, for which it
/// stands in for ``Resampler``.
final class WaveMixer {
  static let rates = RateConverter.rates
  /// More than any recording has.
  static let mostChannels = 255

  private let rate: Int
  private let output: ChannelOutput
  private var converters: [RateConverter] = []
  private var downmix = Downmix()

  init(name: String, rate: Int, output: ChannelOutput) {
    self.rate = rate
    self.output = output
  }

  /// Appends the samples of `frame` to `channels`, as many as the filter has finished.
  func convert(_ frame: WaveFrame, into channels: inout [[Float]]) throws(AudioError) {
    var planes = frame.channels
    for plane in planes.indices { limitSamples(&planes[plane], planes[plane].indices) }
    if output == .mono, planes.count > 2 { planes = [Self.mixed(planes)] }
    if converters.isEmpty {
      converters = Array(repeating: RateConverter(from: frame.rate, to: rate), count: planes.count)
    }
    deliver(
      planes.indices.map { plane in
        var converted: [Float] = []
        converters[plane].convert(planes[plane], into: &converted)
        return converted
      }, to: &channels)
  }

  /// Appends what the filter still holds.
  func flush(into channels: inout [[Float]]) throws(AudioError) {
    guard !converters.isEmpty else { return }
    deliver(
      converters.indices.map { plane in
        var converted: [Float] = []
        converters[plane].flush(into: &converted)
        return converted
      }, to: &channels)
    if output == .mono { downmix.flush(to: &channels[0]) }
    converters = []
  }

  /// Without a loudspeaker's place for each, all count alike; the power of unrelated channels is kept, as in ``Downmix``.
  private static func mixed(_ planes: [[Float]]) -> [Float] {
    let gain = 1 / Float(planes.count).squareRoot()
    return planes[0].indices.map { index in gain * planes.reduce(0) { $0 + $1[index] } }
  }

  private func deliver(_ planes: [[Float]], to channels: inout [[Float]]) {
    if output == .mono, planes.count == 2 {
      downmix.add(planes[0][...], planes[1][...], to: &channels[0])
    } else {
      for channel in channels.indices { channels[channel] += planes[channel] }
    }
  }
}

#if !FFmpeg
// What AudioDecoder reads with.
typealias MediaSource = WaveSource
typealias Resampler = WaveMixer
#endif
