// A file's audio track as decoded frames, through libavformat and libavcodec.

#if FFmpeg
import CFFmpeg
import Foundation

/// An open container and the decoder of one of its audio tracks; closed when it is released.
final class MediaSource {
  private let input: MediaInput
  private var codec: UnsafeMutablePointer<AVCodecContext>?
  private var packet: UnsafeMutablePointer<AVPacket>?
  private var frame: UnsafeMutablePointer<AVFrame>?
  private let name: String
  /// All of the file's audio tracks.
  let tracks: [SoundTrack]
  /// The one that is read.
  private(set) var track: SoundTrack
  private let stream: UnsafeMutablePointer<AVStream>
  /// The earliest time of the packets so far, in seconds; later ones tell nothing new.
  private var earliest: Double?
  private var hasBegun = false
  private var sentLast = false
  /// Why the last packet that could not be decoded was skipped.
  private(set) var failure: String?
  /// Seconds of packets that could not be decoded.
  private(set) var lost = 0.0
  /// Whether the container itself marked something as damaged since it was asked last.
  private var sawDamage = false
  /// Whether reading ended with an error instead of the end of the file.
  private(set) var brokeOff = false

  init(
    _ location: MediaLocation, name: String, raw: RawSound?, selection: SoundSelection,
    isCancelled: @escaping () -> Bool
  ) throws(AudioError) {
    self.name = name
    input = try MediaInput(location, name: name, raw: raw, isCancelled: isCancelled)
    guard let format = input.format else { throw .notAudio(file: name, reason: "out of memory") }
    tracks = format.soundTracks
    let candidates = try selection.candidates(of: tracks, file: name)
    var reason = "no decoder could be opened"
    for candidate in candidates {
      let stream = format.streams[Int(candidate.stream)]
      do {
        codec = try Self.openDecoder(of: stream)
        (track, self.stream) = (candidate, stream)
        packet = av_packet_alloc()
        frame = av_frame_alloc()
        discardOthers(of: format)
        return
      } catch {
        reason = errorText(error.code)
      }
    }
    throw .decodingFailed(file: name, reason: reason)
  }

  deinit {
    av_frame_free(&frame)
    av_packet_free(&packet)
    avcodec_free_context(&codec)
  }

  private struct DecoderError: Error { var code: Int32 }

  private static func openDecoder(
    of stream: UnsafeMutablePointer<AVStream>
  ) throws(DecoderError) -> UnsafeMutablePointer<AVCodecContext>? {
    guard let parameters = stream.pointee.codecpar,
      let decoder = avcodec_find_decoder(parameters.pointee.codec_id)
    else { throw DecoderError(code: swiftlet_averror_decoder_not_found) }
    var codec = avcodec_alloc_context3(decoder)
    var status = avcodec_parameters_to_context(codec, parameters)
    codec?.pointee.pkt_timebase = stream.pointee.time_base
    // What is wrong is told by our own messages.
    codec?.pointee.log_level_offset = 100
    if status >= 0 { status = avcodec_open2(codec, decoder, nil) }
    guard status >= 0 else {
      avcodec_free_context(&codec)
      throw DecoderError(code: status)
    }
    return codec
  }

  /// Pictures and other tracks are read until it is known where they begin, everything else never.
  private func discardOthers(of format: UnsafeMutablePointer<AVFormatContext>) {
    for other in format.streams where other != stream {
      let tellsTime = !hasBegun && (other.isMovingPicture || other.isSound)
      other.pointee.discard = tellsTime ? AVDISCARD_DEFAULT : AVDISCARD_ALL
    }
  }

  /// FFmpeg's name of the container's format.
  var formatName: String { input.formatName }
  /// Channels that the track declares; 0 if it does not say.
  var channels: Int { Int(codec?.pointee.ch_layout.nb_channels ?? 0) }
  /// Whether the samples are stored as they are, so that a file without any is meant so.
  var isPlain: Bool {
    guard let codec else { return false }
    return av_get_exact_bits_per_sample(codec.pointee.codec_id) > 0
  }

  /// Whether there is nothing else in the file that has a clock.
  private var isAlone: Bool {
    guard let format = input.format else { return true }
    return format.streams.count { $0.isMovingPicture || $0.isSound } <= 1
  }

  /// The container's time at which a player begins, given that of the first sound: that of the first picture or sound. Times
  /// before 0 are those of sound that is not played.
  func origin(firstSound: Double) -> Double {
    guard !isAlone, let format = input.format else { return firstSound }
    var begin = min(firstSound, earliest ?? firstSound)
    let declared = format.pointee.start_time
    if declared != swiftlet_no_pts { begin = min(begin, Double(declared) / Double(swiftlet_time_base)) }
    return min(firstSound, max(0, begin))
  }

  /// Seconds that the container declares, an estimate from the bit rate included; for progress.
  func duration(origin: Double) -> Double? {
    if let declared = declaredEnd(origin: origin) { return declared }
    guard let format = input.format, format.pointee.duration > 0 else { return nil }
    return Self.credible(Double(format.pointee.duration) / Double(swiftlet_time_base))
  }

  /// A duration, unless no recording can be so long: thirty years.
  private static func credible(_ seconds: Double) -> Double? { (0...1e9).contains(seconds) ? seconds : nil }

  /// Whether a duration counts from 0, wherever the clock begins.
  private var countsFromZero: Bool { formatName.hasPrefix("matroska") }

  /// Where the header promises that the track ends, in seconds from the origin; nil where it is only estimated, or read from
  /// the last packets of the file itself, or where only the whole file's is known and something else may last longer.
  func declaredEnd(origin: Double) -> Double? { declared(origin: origin).flatMap(Self.credible) }

  private func declared(origin: Double) -> Double? {
    if let header = input.waveHeader, isPlain { return header.declaredSeconds }
    guard let format = input.format,
      format.pointee.duration_estimation_method == AVFMT_DURATION_FROM_STREAM
    else { return nil }
    let isPerTrack = formatName.hasPrefix("mov") || formatName == "avi"
    guard isAlone || isPerTrack else { return nil }
    if let duration = stream.seconds(stream.pointee.duration), duration > 0 {
      let start = stream.seconds(stream.pointee.start_time) ?? origin
      return countsFromZero ? duration - origin : start + duration - origin
    }
    guard isAlone, format.pointee.duration > 0 else { return nil }
    let duration = Double(format.pointee.duration) / Double(swiftlet_time_base)
    return countsFromZero ? duration - origin : duration
  }

  /// The next decoded frame, valid until the next call, and when it begins on the container's clock, in seconds; nil at the
  /// end. Packets that can't be decoded are skipped, as ffmpeg does; ``lost`` counts them and ``failure`` says why.
  func nextFrame() throws(AudioError) -> (frame: UnsafeMutablePointer<AVFrame>, time: Double?)? {
    guard let format = input.format, let codec, let packet, let frame else {
      throw .decodingFailed(file: name, reason: "out of memory")
    }
    while true {
      let received = avcodec_receive_frame(codec, frame)
      if received >= 0 { return (frame, time(of: frame)) }
      if received == swiftlet_averror_eof { return nil }
      if received != -EAGAIN { lose(packet, because: received) }
      if sentLast { return nil }

      av_packet_unref(packet)
      let read = av_read_frame(format, packet)
      if read < 0 {
        if read == swiftlet_averror_exit { throw .cancelled(file: name) }
        if read != swiftlet_averror_eof { brokeOff = true }
        sentLast = true
        avcodec_send_packet(codec, nil)
        continue
      }
      note(packet, of: format)
      guard packet.pointee.stream_index == stream.pointee.index else { continue }
      if packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 { sawDamage = true }
      let sent = avcodec_send_packet(codec, packet)
      if sent < 0, sent != -EAGAIN { lose(packet, because: sent) }
    }
  }

  private func time(of frame: UnsafeMutablePointer<AVFrame>) -> Double? {
    // The parts of a chained Ogg file count samples at a rate of their own each, which FFmpeg takes for the first one's.
    let isOtherPart = isOgg && frame.pointee.sample_rate != stream.pointee.codecpar.pointee.sample_rate
    return isOtherPart ? nil : stream.seconds(frame.pointee.pts)
  }

  var isOgg: Bool { formatName == "ogg" }

  /// Whether a gap in the sound is damage, as far as the container has marked it since the last call.
  func takeDamage() -> Bool {
    defer { sawDamage = false }
    return sawDamage
  }

  /// Looks at the times of all tracks until this one has begun.
  private func note(
    _ packet: UnsafeMutablePointer<AVPacket>, of format: UnsafeMutablePointer<AVFormatContext>
  ) {
    guard !hasBegun else { return }
    let other = format.streams[Int(packet.pointee.stream_index)]
    if other != stream, other.isMovingPicture || other.isSound,
      let time = other.seconds(packet.pointee.pts), time < earliest ?? .infinity
    {
      earliest = time
    }
    if other == stream {
      hasBegun = true
      discardOthers(of: format)
    }
  }

  private func lose(_ packet: UnsafeMutablePointer<AVPacket>, because code: Int32) {
    if isOgg,
      OggHeaders.isHeader(UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)))
    {
      return
    }
    failure = errorText(code)
    if let seconds = stream.seconds(packet.pointee.duration), seconds > 0 {
      lost += min(seconds, 1)
    } else if let codec, codec.pointee.sample_rate > 0 {
      lost += Double(codec.pointee.frame_size) / Double(codec.pointee.sample_rate)
    }
  }
}

/// The packets that each part of a chained Ogg file begins with (RFC 7845; Vorbis I specification; Ogg mapping of FLAC).
private enum OggHeaders {
  private static let beginnings: [[UInt8]] =
    ["OpusHead", "OpusTags", "\u{1}vorbis", "\u{3}vorbis", "\u{5}vorbis", "\u{7F}FLAC", "Speex   "].map {
      Array($0.utf8)
    }

  static func isHeader(_ packet: UnsafeBufferPointer<UInt8>) -> Bool {
    beginnings.contains { packet.starts(with: $0) }
  }
}

/// FFmpeg's sentence for an error code.
func errorText(_ code: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  av_strerror(code, &buffer, buffer.count)
  return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
#endif
