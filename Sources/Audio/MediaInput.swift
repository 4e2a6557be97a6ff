// A container opened over our own bytes: FFmpeg opens no file by itself.

#if FFmpeg
import CFFmpeg
import Foundation
import SwiftletFiles

/// An open container, whose bytes come from a ``ByteSource``; closed when it is released.
final class MediaInput {
  private(set) var format: UnsafeMutablePointer<AVFormatContext>?
  let bytes: ByteSource
  /// What the header of a WAV file says of its length.
  private(set) var waveHeader: WaveHeader?
  private var io: UnsafeMutablePointer<AVIOContext>?
  private let name: String

  /// Formats that are lists of other files, by FFmpeg's names.
  private static let playlists: Set<String> = [
    "hls", "applehttp", "concat", "dash", "imf", "webm_dash_manifest",
  ]
  /// Formats whose tracks say what they hold when they begin, which may be long after the others do; so much of them is read
  /// to find out.
  private static let withoutHeader: Set<String> = ["mpegts", "mpeg", "flv", "live_flv"]
  private static let probeSize: Int64 = 32 << 20
  private static let probeMicroseconds: Int64 = 600_000_000

  /// - Parameters:
  ///   - name: for messages.
  ///   - raw: what its samples are if there is nothing else in it.
  ///   - isCancelled: asked while bytes are read.
  init(
    _ location: MediaLocation, name: String, raw: RawSound?, isCancelled: @escaping () -> Bool
  ) throws(AudioError) {
    self.name = name
    bytes = try ByteSource(location, name: name, isCancelled: isCancelled)
    var options: OpaquePointer?
    defer { av_dict_free(&options) }
    if let raw {
      guard Resampler.rates.contains(raw.rate) else { throw .unlikelyRate(file: name, rate: raw.rate) }
      av_dict_set(&options, "sample_rate", "\(raw.rate)", 0)
    } else if let header = try bytes.correctedWaveHeader(name) {
      waveHeader = header
      // Whether PCM in a WAV file is DTS in disguise is asked of every format again and again while the file is read, up
      // to 2500 packets. Eight hold the markers that tell it.
      av_dict_set(&options, "max_probe_packets", "8", 0)
    } else if !bytes.isSeekable, try MediaSniffing.hasIndexAtEnd(bytes, name) {
      throw .indexAtEnd(file: name)
    }
    try open(location.path, raw, &options)
  }

  deinit {
    avformat_close_input(&format)
    if let io {
      av_freep(&io.pointee.buffer)
      avio_context_free(&self.io)
    }
  }

  /// FFmpeg's name of the container's format.
  var formatName: String { format?.pointee.iformat.map { String(cString: $0.pointee.name) } ?? "" }

  private func open(_ path: String, _ raw: RawSound?, _ options: inout OpaquePointer?) throws(AudioError) {
    guard let context = avformat_alloc_context(), let io = makeIO() else {
      throw .notAudio(file: name, reason: "out of memory")
    }
    self.io = io
    context.pointee.pb = io
    // A file can name others, or servers.
    context.pointee.io_open = { _, _, _, _, _ in swiftlet_averror_not_permitted }
    format = context
    // On failure the context is freed.
    // The name alone is looked at, for what its ending says.
    let status = path.withSystemPath {
      avformat_open_input(&format, $0, raw.flatMap { av_find_input_format($0.sampleFormat) }, &options)
    }
    guard status >= 0, let format else { throw try explained(status) }
    if formatName.split(separator: ",").contains(where: { Self.playlists.contains(String($0)) }) {
      throw .playlist(file: name, format: formatName)
    }
    if Self.withoutHeader.contains(formatName) {
      format.pointee.probesize = Self.probeSize
      format.pointee.max_analyze_duration = Self.probeMicroseconds
    }
    let found = avformat_find_stream_info(format, nil)
    guard found >= 0 else { throw try explained(found) }
  }

  private func explained(_ status: Int32) throws(AudioError) -> AudioError {
    if status == swiftlet_averror_exit { return .cancelled(file: name) }
    if status == swiftlet_averror_eof { return .noSamples(file: name) }
    if MediaSniffing.isHeadlessWebM(bytes) { return .headerMissing(file: name) }
    if MediaSniffing.lacksIndex(bytes) { return .indexMissing(file: name) }
    return .notAudio(file: name, reason: errorText(status))
  }

  private func makeIO() -> UnsafeMutablePointer<AVIOContext>? {
    let size: Int32 = 1 << 16
    guard let buffer = av_malloc(Int(size)) else { return nil }
    return avio_alloc_context(
      buffer.assumingMemoryBound(to: UInt8.self), size, 0, Unmanaged.passUnretained(bytes).toOpaque(),
      { source, buffer, count in
        guard let source, let buffer, count > 0 else { return swiftlet_averror_eof }
        let bytes = Unmanaged<ByteSource>.fromOpaque(source).takeUnretainedValue()
        let read = bytes.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)))
        if read == 0 { return swiftlet_averror_eof }
        return read == -Int(ECANCELED) ? swiftlet_averror_exit : Int32(read)
      }, nil,
      !bytes.isSeekable
        ? nil
        : { source, offset, origin in
          guard let source else { return -1 }
          let bytes = Unmanaged<ByteSource>.fromOpaque(source).takeUnretainedValue()
          let size = Int64(bytes.size ?? 0)
          if origin & AVSEEK_SIZE != 0 { return size }
          let base =
            switch origin & ~AVSEEK_FORCE {
            case SEEK_CUR: Int64(bytes.position)
            case SEEK_END: size
            default: Int64(0)
            }
          let (target, overflows) = base.addingReportingOverflow(offset)
          return !overflows && bytes.seek(to: Int(target)) ? target : -1
        })
  }
}
#endif
