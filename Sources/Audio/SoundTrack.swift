// The audio tracks of a file, and which of them is meant.

import CFFmpeg

/// One of a file's audio tracks.
package struct SoundTrack: Hashable, Sendable {
  /// The container's number of it among all streams.
  var stream: Int32
  /// From 1 on, among the audio tracks.
  package var number: Int
  /// As the container tags it: `eng`, `en-US`; nil if it is not tagged.
  package var language: String?
  /// FFmpeg's name of the codec.
  package var codec: String
  var isDefault: Bool
  /// Whether it is not what a listener without special needs wants to hear: comments, descriptions of the picture.
  var isSpecial: Bool
  var isDecodable: Bool
}

extension SoundTrack: CustomStringConvertible {
  package var description: String {
    let details = [language, codec, isDecodable ? nil : "can't be decoded"].compactMap { $0 }
    return "\(number) (\(details.joined(separator: ", ")))"
  }
}

/// What of a file's sound is read.
package struct SoundSelection: Sendable {
  /// Which channels of a track are read.
  package enum Channels: Hashable, Sendable {
    /// All of them, mixed to one.
    case mix
    /// Each by itself.
    case separate
    /// One of them, counted from 1.
    case one(Int)
  }

  /// The number of a track, from 1 on; nil takes the one that ``isPreferred`` says, or the default one.
  package var track: Int?
  /// Whether a track tagged with this language is to be taken rather than the default one.
  package var isPreferred: @Sendable (_ languageTag: String) -> Bool
  package var channels: Channels

  package init(
    track: Int? = nil, channels: Channels = .mix,
    isPreferred: @escaping @Sendable (_ languageTag: String) -> Bool = { _ in false }
  ) {
    self.track = track
    self.channels = channels
    self.isPreferred = isPreferred
  }

  /// The tracks to try, the best first.
  func candidates(of tracks: [SoundTrack], file: String) throws(AudioError) -> [SoundTrack] {
    if let track {
      guard let chosen = tracks.first(where: { $0.number == track }) else {
        throw .noSuchTrack(file: file, track: track, count: tracks.count)
      }
      guard chosen.isDecodable else { throw .unsupportedCodec(file: file, codec: chosen.codec) }
      return [chosen]
    }
    guard let first = tracks.first else { throw .noSoundStream(file: file) }
    let decodable = tracks.filter(\.isDecodable)
    guard !decodable.isEmpty else { throw .unsupportedCodec(file: file, codec: first.codec) }
    func rank(_ track: SoundTrack) -> Int {
      let isPreferred = track.language.map(isPreferred) ?? false
      return (isPreferred ? 4 : 0) + (track.isDefault ? 2 : 0) + (track.isSpecial ? 0 : 1)
    }
    return decodable.sorted { (rank($0), $1.number) > (rank($1), $0.number) }
  }
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
