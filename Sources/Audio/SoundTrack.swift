// The audio tracks of a file, and which of them is meant.

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
