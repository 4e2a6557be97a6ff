// How to transcribe: what `transcribe` and `evaluate` have in common.

public import ArgumentParser
public import Swiftlet

/// The options of a transcription.
struct TranscriptionArguments: ParsableArguments {
  @OptionGroup var spoken: LanguageArguments

  @Option(help: "transcribe, or translate into English.")
  var task: TranscriptionOptions.SpeechTask = .transcribe

  @OptionGroup(title: "Audio") var audio: AudioArguments

  @OptionGroup(title: "Decoding") var decoding: DecodingArguments

  @Option(
    help: ArgumentHelp(
      "What fills a window after the end of the sound.",
      discussion: "silence is what transformers does, zeros what openai-whisper does."))
  var padding: TranscriptionOptions.Padding = .silence

  @Option(
    help: ArgumentHelp(
      "What to do with the silent end of a window.",
      discussion: """
        fold looks at every 16th position of it, which is several times as fast for short recordings and as accurate; \
        exact looks at all of it, as the reference implementations do. By default the tail is folded unless windows have \
        timestamps (--sequential) or --padding is zeros.
        """))
  var tail: TranscriptionOptions.Tail?

  @Option(help: "Seconds after the sound that are kept whole where the tail is folded.")
  var tailMargin = TranscriptionOptions().windows.tailMargin

  @Option(help: "Of what comes after, one position (20 ms) in so many is kept.")
  var tailStep = TranscriptionOptions().windows.tailStep

  /// The same for the library.
  var options: TranscriptionOptions {
    var options = TranscriptionOptions(language: spoken.language, task: task)
    options.windows.padding = padding
    options.windows.tail = tail
    options.languageCandidates = spoken.languageCandidates.names
    options.windows.tailMargin = tailMargin
    options.windows.tailStep = tailStep
    decoding.apply(to: &options)
    return options
  }
}

extension TranscriptionOptions.SpeechTask: ExpressibleByArgument {}
extension TranscriptionOptions.Padding: ExpressibleByArgument {}
extension TranscriptionOptions.Tail: ExpressibleByArgument {}
