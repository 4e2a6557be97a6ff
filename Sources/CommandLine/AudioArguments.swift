// Which of a recording's audio: the flags.

public import ArgumentParser
public import Swiftlet

extension AudioInput.Channels: ExpressibleByArgument {}

/// The audio tracks and channels to read.
struct AudioArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Audio track to use, counted from 1.",
      discussion: "Default: the one tagged with --language, or else the file's default track.",
      valueName: "number"))
  var audioTrack: Int?

  @Option(
    help: ArgumentHelp(
      "'mix', 'separate', or the number of a channel.",
      discussion: """
        mix adds all channels. separate transcribes each by itself, as for a telephone call with a speaker in each, and \
        names the speaker in every output.
        """))
  var channels = AudioInput.Channels.mix

  /// The recording at a path, or standard input for `-`.
  func input(_ path: String) -> AudioInput {
    var input = path == "-" ? AudioInput.standardInput : .file(path: path)
    input.track = audioTrack
    input.channels = channels
    return input
  }

  func validate() throws {
    if let audioTrack, audioTrack < 1 { throw ValidationError("--audio-track must be 1 or more.") }
  }
}
