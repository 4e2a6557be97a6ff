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
      "A folder for the transcripts: talk.flac becomes talk.srt, and so on. It is made if need be.",
      valueName: "folder"),
    completion: .directory)
  var outputDir: String?

  @Option(
    name: [.customShort("f"), .long],
    help: ArgumentHelp(
      "A format of the transcripts; may be given several times.",
      discussion: """
        txt if nothing is said. Without an output folder, one format goes to standard output. json has openai-whisper's \
        fields, json-full every token's log-probability as well.
        """,
      valueName: "format"))
  var outputFormat: [OutputChoice] = []

  @Flag(help: "Replace files that are in the output folder already.")
  var overwrite = false

  @Option(
    help: ArgumentHelp(
      "What makes a cue in srt and vtt: subtitles or segments.",
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

  @Flag(help: "Write the time of each word into vtt and lrc, for karaoke.")
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
  private var subtitles: SubtitleOptions {
    SubtitleOptions(
      cues: cues, maxLineWidth: maxLineWidth, maxLineCount: maxLineCount, maxWordsPerLine: maxWordsPerLine,
      highlightWords: highlightWords, wordTimes: wordTimes)
  }

  /// Whether the words' times and probabilities are needed.
  var needsWords: Bool {
    printColors || subtitles.needsWords && !formats.isDisjoint(with: [.srt, .vtt, .lrc])
  }

  private var formats: Set<OutputFormat> {
    outputFormat.reduce(into: []) { formats, choice in
      switch choice {
      case .all: formats.formUnion(OutputFormat.allCases)
      case .format(let format): formats.insert(format)
      }
    }
  }

  /// The folder that transcripts go to, if there is one.
  var folder: OutputFolder? {
    outputDir.map {
      OutputFolder(
        URL(filePath: $0, directoryHint: .isDirectory), formats: formats.isEmpty ? [.txt] : Array(formats),
        subtitles: subtitles, overwrites: overwrite)
    }
  }

  /// Finds out, before any work, whether everything can go where it should.
  ///
  /// - Throws: an exit code, once the trouble has been reported.
  func prepare(for recordings: [String]) throws {
    do {
      if let folder { return try folder.prepare(for: recordings) }
      try subtitles.check()
    } catch let error as InvalidRequest {
      throw refusal("\(error)")
    } catch {
      try fail(error, .outputFailed)
    }
    let folderHint = "give --output-dir (. is this folder)."
    if overwrite { throw refusal("--overwrite is for files; \(folderHint)") }
    if formats.count > 1 { throw refusal("Several formats cannot share standard output; \(folderHint)") }
    if let format = formats.first, format != .txt, format.isStreamed, recordings.count > 1 {
      throw refusal("Several recordings in \(format.rawValue) cannot share standard output; \(folderHint)")
    }
  }

  private func refusal(_ message: String) -> ExitCode {
    StandardError.message("Error: \(message)")
    return .notUnderstood
  }

  /// What shows one recording's segments on standard output as they come.
  ///
  /// With an output folder only a person is shown anything, unless it is asked for.
  func printer() -> SegmentPrinter {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    if outputDir == nil, let format = formats.first {
      return SegmentPrinter(.format(TranscriptWriter(format, subtitles: subtitles)))
    }
    guard outputDir == nil || isTerminal || printTimes == true || printColors else {
      return SegmentPrinter(.nothing)
    }
    return SegmentPrinter(.lines(times: printTimes ?? isTerminal, colors: printColors))
  }

  /// Whether the names of recordings are printed above what is said in them.
  var printsNames: Bool { printer().printsLines }

  /// Writes a recording's files, and says where they are.
  ///
  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  func write(_ transcript: Transcript, of recording: String) throws {
    guard let folder else { return }
    do {
      for file in try folder.write(transcript, of: recording) {
        StandardError.message("Written: \(file.relativePath)")
      }
    } catch {
      try fail(error, .outputFailed)
    }
  }
}
