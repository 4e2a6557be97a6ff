// How to transcribe: what `transcribe` and `evaluate` have in common.

public import ArgumentParser
public import Swiftlet

/// The options of a transcription.
struct TranscriptionArguments: ParsableArguments {
  @OptionGroup var spoken: LanguageArguments

  @Option(help: "'transcribe', or 'translate' into English.")
  var task: TranscriptionOptions.SpeechTask = .transcribe

  @OptionGroup(title: "Audio") var audio: AudioArguments

  @OptionGroup(title: "Decoding") var decoding: DecodingArguments

  @Option(
    help: ArgumentHelp(
      "Padding for a window after the end of the audio.",
      discussion: "silence pads as transformers does, zeros as openai-whisper does."))
  var padding: TranscriptionOptions.Padding = .silence

  @Option(
    help: ArgumentHelp(
      "Treatment of the silent end of a window: 'fold' or 'exact'.",
      discussion: """
        fold samples it every 0.32 s (--tail-step), which is several times as fast for short recordings and as accurate; \
        exact keeps all of it, as the reference implementations do. Default: fold, unless windows have timestamps \
        (--sequential) or --padding is zeros.
        """))
  var tail: TranscriptionOptions.Tail?

  @Option(help: "With a folded tail, seconds after the audio to keep whole.")
  var tailMargin = TranscriptionOptions().windows.tailMargin

  @Option(help: "With a folded tail, keep every Nth position (20 ms) after that.")
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
