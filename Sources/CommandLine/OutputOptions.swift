// What becomes of a transcript: formats, files, and how it is shown.

import ArgumentParser
import Foundation
import Swiftlet

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

/// The options of outputs.
struct OutputOptions: ParsableArguments {
  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "Write transcripts into this folder, created if needed: talk.flac becomes talk.srt, and so on.",
      discussion: "With --recursive, they keep the folders that the recordings were found in.",
      valueName: "folder"),
    completion: .directory)
  var outputDir: String?

  @Flag(help: "Write each transcript into the folder of its recording.")
  var outputBeside = false

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp(
      "A format of the transcripts; may be given several times.",
      discussion: """
        txt if nothing is said. Without files, one format goes to standard output. json has openai-whisper's \
        fields, json-full every token's log-probability as well.
        """,
      valueName: "format"))
  var outputFormat: [OutputChoice] = []

  @Flag(help: "Replace existing transcripts.")
  var overwrite = false

  @Flag(help: "Skip recordings whose transcripts exist; transcribe the others.")
  var skipExisting = false

  @Option(help: "Characters in a line of subtitles.")
  var maxLineWidth: Int?

  @Option(
    help:
      "Lines in a subtitle. With --max-line-width, subtitles no longer end where segments do.")
  var maxLineCount: Int?

  @Option(help: "Words in a line of subtitles.")
  var maxWordsPerLine: Int?

  @Flag(help: "Underline each word in srt and vtt while it is spoken.")
  var highlightWords = false

  @Flag(help: "Write into vtt and lrc when each word begins, for karaoke.")
  var wordTimes = false

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Print when each segment begins and ends.",
      discussion: "That is done on a terminal if nothing is said, and not in a file or a pipe."))
  var printTimes: Bool?

  @Flag(
    help: "Print words in colours from red to green, by how probable the model found them.")
  var printColors = false

  /// What only the results' files are made of.
  var subtitles: SubtitleOptions {
    SubtitleOptions(
      maxLineWidth: maxLineWidth, maxLineCount: maxLineCount, maxWordsPerLine: maxWordsPerLine,
      highlightWords: highlightWords, wordTimes: wordTimes)
  }

  /// Whether the words' times and probabilities are needed.
  var needsWords: Bool { subtitles.needsWords || printColors }

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
  func printer() -> SegmentPrinter {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    if !writesFiles, let format = formats.first {
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
