// The streams of a container, as FFmpeg describes them.

#if FFmpeg
import CFFmpeg

extension UnsafeMutablePointer<AVFrame> {
  /// Seconds of its samples.
  var duration: Double { Double(pointee.nb_samples) / Double(max(1, pointee.sample_rate)) }
}

extension UnsafeMutablePointer<AVFormatContext> {
  /// The streams in the container's order.
  var streams: [UnsafeMutablePointer<AVStream>] {
    (0..<Int(pointee.nb_streams)).compactMap { pointee.streams[$0] }
  }

  var soundTracks: [SoundTrack] {
    let sound = streams.filter { $0.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO }
    return sound.enumerated().map { index, stream in
      let parameters = stream.pointee.codecpar.pointee
      let disposition = stream.pointee.disposition
      let special = AV_DISPOSITION_COMMENT | AV_DISPOSITION_VISUAL_IMPAIRED | AV_DISPOSITION_DESCRIPTIONS
      return SoundTrack(
        stream: stream.pointee.index, number: index + 1, language: stream.languageTag,
        codec: String(cString: avcodec_get_name(parameters.codec_id)),
        isDefault: disposition & AV_DISPOSITION_DEFAULT != 0,
        isSpecial: disposition & special != 0, isDecodable: avcodec_find_decoder(parameters.codec_id) != nil)
    }
  }
}

extension UnsafeMutablePointer<AVStream> {
  fileprivate var languageTag: String? {
    guard let entry = av_dict_get(pointee.metadata, "language", nil, 0) else { return nil }
    let tag = String(cString: entry.pointee.value)
    return tag.isEmpty || tag == "und" ? nil : tag
  }

  /// Whether it is a picture, and not one that belongs to the whole file.
  var isMovingPicture: Bool {
    pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
      && pointee.disposition & AV_DISPOSITION_ATTACHED_PIC == 0
  }

  var isSound: Bool { pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_AUDIO }

  /// Seconds of a time in the stream's units; nil if it is none.
  func seconds(_ time: Int64) -> Double? {
    let base = pointee.time_base
    guard time != swiftlet_no_pts, base.den > 0, base.num > 0 else { return nil }
    return Double(time) * Double(base.num) / Double(base.den)
  }
}
#endif
