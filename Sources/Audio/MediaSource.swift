// A file's best sound stream as decoded frames, through libavformat and libavcodec.

import CFFmpeg
import Foundation
import SwiftletFiles

/// An open container and the decoder of its best sound stream; closed when it is released.
final class MediaSource {
  private var format: UnsafeMutablePointer<AVFormatContext>?
  private var codec: UnsafeMutablePointer<AVCodecContext>?
  private var packet: UnsafeMutablePointer<AVPacket>?
  private var frame: UnsafeMutablePointer<AVFrame>?
  /// Standard input where it can't be read in any order; the container does not close what was opened for it.
  private var pipe: UnsafeMutablePointer<AVIOContext>?
  private(set) var isPipe = false
  /// FFmpeg's name of the container's format.
  private(set) var formatName = ""
  private var stream: Int32 = 0
  private let name: String
  private let raw: RawSound?
  private var sentLast = false
  /// Why the last packet that could not be decoded was skipped.
  private(set) var failure: String?
  /// Whether reading ended with an error instead of the end of the file.
  private(set) var brokeOff = false

  /// Formats that are lists of other files, by FFmpeg's names.
  private static let playlists: Set<String> = [
    "hls", "applehttp", "concat", "dash", "imf", "webm_dash_manifest",
  ]

  init(path: String, name: String, raw: RawSound? = nil) throws(AudioError) {
    self.name = name
    self.raw = raw
    av_log_set_level(AV_LOG_QUIET)
    try open(path)
    try openDecoder()
    packet = av_packet_alloc()
    frame = av_frame_alloc()
  }

  deinit {
    av_frame_free(&frame)
    av_packet_free(&packet)
    avcodec_free_context(&codec)
    avformat_close_input(&format)
    avio_closep(&pipe)
  }

  private func open(_ path: String) throws(AudioError) {
    // A file can name others, or servers; only files and standard input may be opened.
    var options: OpaquePointer?
    av_dict_set(&options, "protocol_whitelist", "file,pipe", 0)
    // Whether PCM in a WAV file is DTS in disguise is asked of every format again and again while the file is read, up
    // to 2500 packets. Eight hold the markers that tell it.
    if path.lowercased().hasSuffix(".wav") { av_dict_set(&options, "max_probe_packets", "8", 0) }
    if let raw {
      guard Resampler.rates.contains(raw.rate) else { throw .unlikelyRate(file: name, rate: raw.rate) }
      av_dict_set(&options, "sample_rate", "\(raw.rate)", 0)
    }
    defer { av_dict_free(&options) }
    try path == "-" ? openStandardInput(&options) : open(url: "file:" + path, &options)
    guard let format else { throw .notAudio(file: name, reason: "out of memory") }
    formatName = format.pointee.iformat.map { String(cString: $0.pointee.name) } ?? ""
    if formatName.split(separator: ",").contains(where: { Self.playlists.contains(String($0)) }) {
      throw .playlist(file: name, format: formatName)
    }
    let found = avformat_find_stream_info(format, nil)
    guard found >= 0 else { throw .notAudio(file: name, reason: errorText(found)) }
  }

  private func open(url: String, _ options: inout OpaquePointer?) throws(AudioError) {
    let status = url.withSystemPath {
      avformat_open_input(&format, $0, raw.flatMap { av_find_input_format($0.sampleFormat) }, &options)
    }
    guard status >= 0 else { throw .notAudio(file: name, reason: errorText(status)) }
  }

  private func openStandardInput(_ options: inout OpaquePointer?) throws(AudioError) {
    // A redirected file can be opened again, and then be read in any order; some containers have their index at the end.
    var information = stat()
    if fstat(STDIN_FILENO, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
      lseek(STDIN_FILENO, 0, SEEK_CUR) == 0
    {
      if information.st_size == 0 { throw .empty(file: name) }
      return try open(url: "file:/dev/stdin", &options)
    }
    isPipe = true
    let status = avio_open2(&pipe, "pipe:0", AVIO_FLAG_READ, nil, &options)
    guard status >= 0 else { throw .notAudio(file: name, reason: errorText(status)) }
    // Whether there is a first byte; it stays in the buffer.
    _ = avio_r8(pipe)
    if avio_feof(pipe) != 0 {
      let error = pipe?.pointee.error ?? 0
      if error < 0, error != swiftlet_averror_eof { throw .notAudio(file: name, reason: errorText(error)) }
      throw .empty(file: name)
    }
    avio_seek(pipe, 0, SEEK_SET)
    format = avformat_alloc_context()
    format?.pointee.pb = pipe
    try open(url: "pipe:0", &options)
  }

  private func openDecoder() throws(AudioError) {
    guard let format else { return }
    var decoder: UnsafePointer<AVCodec>?
    stream = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, &decoder, 0)
    if stream == swiftlet_averror_decoder_not_found {
      throw .unsupportedCodec(file: name, codec: firstSoundCodec(of: format))
    }
    guard stream >= 0, let decoder, let parameters = streamPointer?.pointee.codecpar else {
      throw .noSoundStream(file: name)
    }
    codec = avcodec_alloc_context3(decoder)
    guard let codec else { throw .decodingFailed(file: name, reason: "out of memory") }
    var status = avcodec_parameters_to_context(codec, parameters)
    codec.pointee.pkt_timebase = streamPointer?.pointee.time_base ?? AVRational(num: 0, den: 1)
    if status >= 0 { status = avcodec_open2(codec, decoder, nil) }
    guard status >= 0 else { throw .decodingFailed(file: name, reason: errorText(status)) }
    for index in 0..<Int(format.pointee.nb_streams) where index != Int(stream) {
      format.pointee.streams[index]?.pointee.discard = AVDISCARD_ALL
    }
  }

  private var streamPointer: UnsafeMutablePointer<AVStream>? {
    guard let format, stream >= 0, stream < format.pointee.nb_streams else { return nil }
    return format.pointee.streams[Int(stream)]
  }

  private func firstSoundCodec(of format: UnsafeMutablePointer<AVFormatContext>) -> String {
    for index in 0..<Int(format.pointee.nb_streams) {
      guard let parameters = format.pointee.streams[index]?.pointee.codecpar else { continue }
      if parameters.pointee.codec_type == AVMEDIA_TYPE_AUDIO {
        return String(cString: avcodec_get_name(parameters.pointee.codec_id))
      }
    }
    return "its sound"
  }

  /// Seconds that the container declares, an estimate from the bit rate included; for progress.
  var duration: Double? {
    if let declaredEnd { return declaredEnd }
    guard let format, format.pointee.duration > 0 else { return nil }
    return Double(format.pointee.duration) / Double(swiftlet_time_base)
  }

  /// Seconds that the header of the sound stream promises, or of the file if the stream's does not; nil where it is
  /// only estimated, or read from the last page of the file itself.
  var declaredEnd: Double? {
    guard let format, let stream = streamPointer else { return nil }
    guard format.pointee.duration_estimation_method != AVFMT_DURATION_FROM_BITRATE else { return nil }
    let base = stream.pointee.time_base
    let duration = stream.pointee.duration
    if duration > 0, duration != swiftlet_no_pts, base.den > 0 {
      return Double(duration) * Double(base.num) / Double(base.den)
    }
    // The file's own duration is the sound's only where there is nothing else in it.
    guard format.pointee.nb_streams == 1, format.pointee.duration > 0 else { return nil }
    return Double(format.pointee.duration) / Double(swiftlet_time_base)
  }

  /// The next decoded frame, valid until the next call; nil at the end. Packets that can't be decoded are skipped, as
  /// ffmpeg does, and ``failure`` says why.
  func nextFrame() throws(AudioError) -> UnsafeMutablePointer<AVFrame>? {
    guard let format, let codec, let packet, let frame else {
      throw .decodingFailed(file: name, reason: "out of memory")
    }
    while true {
      let received = avcodec_receive_frame(codec, frame)
      if received >= 0 { return frame }
      if received == swiftlet_averror_eof { return nil }
      if received != -EAGAIN {
        failure = errorText(received)
        if sentLast { return nil }
      }
      if sentLast { return nil }

      av_packet_unref(packet)
      let read = av_read_frame(format, packet)
      if read < 0 {
        if read != swiftlet_averror_eof { brokeOff = true }
        sentLast = true
        avcodec_send_packet(codec, nil)
      } else if packet.pointee.stream_index == stream {
        let sent = avcodec_send_packet(codec, packet)
        if sent < 0, sent != -EAGAIN { failure = errorText(sent) }
      }
    }
  }
}

/// FFmpeg's sentence for an error code.
func errorText(_ code: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  av_strerror(code, &buffer, buffer.count)
  return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
