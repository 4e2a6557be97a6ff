// What becomes of a transcript: formats, files, and how it is shown.

public import ArgumentParser
import Foundation
public import Swiftlet

/// A format, or all of them.
enum OutputChoice: ExpressibleByArgument {
  case format(OutputFormat)
  case all

  init?(argument: String) {
    if argument == "all" {
      self = .all
    } else if let format = OutputFormat(rawValue: argument) {
      self = .format(format)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { OutputFormat.allCases.map(\.rawValue) + ["all"] }
}

extension SubtitleOptions.Cues: ExpressibleByArgument {}

/// The options of outputs.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write transcripts into this folder, created if needed: talk.flac becomes talk.srt, and so on.",
      discussion: "With --recursive, the folders of the recordings are recreated in it.",
      valueName: "folder"),
    completion: .directory)
  var outputDir: String?

  @Flag(help: "Write each transcript next to its recording.")
  var outputBeside = false

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp(
      "Format of the transcripts; repeat for several.",
      discussion: """
        Default: txt. Without an output folder, a single format goes to stdout. json has openai-whisper's fields, \
        json-full also every token's log-probability.
        """,
      valueName: "format"))
  var outputFormat: [OutputChoice] = []

  @Flag(help: "Replace existing transcripts.")
  var overwrite = false

  @Flag(help: "Skip recordings whose transcripts already exist.")
  var skipExisting = false

  @Option(
    help: ArgumentHelp(
      "Cues of srt and vtt: 'subtitles' or 'segments'.",
      discussion: """
        subtitles have at most two lines of 42 columns, last 0.8 to 7 s, and break where sentences and clauses end. \
        segments are Whisper's, one cue each. The options below follow openai-whisper's rules instead.
        """))
  var cues: SubtitleOptions.Cues = .subtitles

  @Option(help: "Maximum columns in a line of a cue; East Asian characters take two.")
  var maxLineWidth: Int?

  @Option(help: "Maximum lines in a cue. With --max-line-width, cues no longer end where segments do.")
  var maxLineCount: Int?

  @Option(help: "Maximum words in a line of a cue.")
  var maxWordsPerLine: Int?

  @Flag(help: "Underline each word in srt and vtt while it is spoken.")
  var highlightWords = false

  @Flag(help: "Write the time of each word to vtt and lrc, for karaoke.")
  var wordTimes = false

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Print the start and end time of each segment.",
      discussion: "Default: on for a terminal, off for a file or a pipe."))
  var printTimes: Bool?

  @Flag(
    help: "Color words from red (improbable) to green (probable).")
  var printColors = false

  /// What only the results' files are made of.
  var subtitles: SubtitleOptions {
    SubtitleOptions(
      cues: cues, maxLineWidth: maxLineWidth, maxLineCount: maxLineCount, maxWordsPerLine: maxWordsPerLine,
      highlightWords: highlightWords, wordTimes: wordTimes)
  }

  /// Whether the words' times and probabilities are needed.
  var needsWords: Bool {
    printColors || subtitles.needsWords && !formats.isDisjoint(with: [.srt, .vtt, .lrc])
  }

  var formats: Set<OutputFormat> {
    outputFormat.reduce(into: []) { formats, choice in
      switch choice {
      case .all: formats.formUnion(OutputFormat.allCases)
      case .format(let format): formats.insert(format)
      }
    }
  }

  /// The formats of files: text unless others were asked for.
  var fileFormats: [OutputFormat] {
    formats.isEmpty ? [.txt] : OutputFormat.allCases.filter(formats.contains)
  }

  /// Whether transcripts go to files, not to standard output.
  var writesFiles: Bool { outputDir != nil || outputBeside }

  func validate() throws {
    if outputDir?.isEmpty == true { throw ValidationError("--output-dir needs the name of a folder.") }
    if outputDir != nil, outputBeside {
      throw ValidationError("Use either --output-dir or --output-beside, not both.")
    }
    if overwrite, skipExisting {
      throw ValidationError("Use either --overwrite or --skip-existing, not both.")
    }
  }

  /// What shows one recording's segments on standard output as they come.
  ///
  /// When files are written, only a person is shown anything, unless it is asked for.
  ///
  /// - Parameter channels: whether segments bear the number of a channel, for which tables have a column.
  func printer(channels: Bool = false) -> SegmentPrinter {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    if !writesFiles, let format = formats.first {
      var subtitles = subtitles
      subtitles.channels = channels
      return SegmentPrinter(.format(TranscriptWriter(format, subtitles: subtitles)))
    }
    guard !writesFiles || isTerminal || printTimes == true || printColors else {
      return SegmentPrinter(.nothing)
    }
    return SegmentPrinter(.lines(times: printTimes ?? isTerminal, colors: printColors))
  }

  /// Whether the names of recordings are printed above what is said in them.
  var printsNames: Bool { printer().printsLines }
}
