// `swiftlet vad`: where somebody speaks.

import ArgumentParser
import Foundation
import Swiftlet

struct VoiceActivityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vad",
    abstract: "Print where somebody speaks in a recording (VAD).",
    discussion: """
      Prints one line for each stretch of speech: its start and end in seconds, separated by a tab. If the recording is \
      damaged, the speech before the damage is printed, and the exit code is 1.
      """)

  @Argument(help: "Recording; - is stdin.", completion: .file())
  var recording: String

  @OptionGroup(title: "Audio") var audio: AudioArguments

  @Option(help: "Probability at which speech begins.")
  var threshold = VoiceActivityOptions().threshold

  @Option(help: "Probability below which speech may end (default: --threshold minus 0.15).")
  var exitThreshold: Double?

  @Option(help: "Drop speech shorter than N seconds.")
  var minSpeech = VoiceActivityOptions().minimumSpeech

  @Option(help: "Cut speech longer than N seconds at its longest silence (default: never).")
  var maxSpeech: Double?

  @Option(help: "Silence in seconds that ends speech.")
  var minSilence = VoiceActivityOptions().minimumSilence

  @Option(help: "Seconds to add before and after speech.")
  var padding = VoiceActivityOptions().padding

  @Flag(help: "Print JSON: the file, its duration, and the stretches of speech.")
  var json = false

  @Flag(help: "Print the speech probability of each 32 ms instead.")
  var probabilities = false

  func run() async throws {
    try await cancelledBySignals { try await detect() }
  }

  private func detect() async throws {
    let options = VoiceActivityOptions(
      threshold: threshold, exitThreshold: exitThreshold, minimumSpeech: minSpeech, maximumSpeech: maxSpeech,
      minimumSilence: minSilence, padding: padding)
    do {
      try options.check()
      let activity = try await VoiceActivityDetector().activity(
        of: audio.input(recording), notice: { StandardError.message($0) })
      try show(activity, options)
    } catch let error where error is CancellationError || error is ExitCode {
      throw error
    } catch {
      if let partial = (error as? SwiftletError)?.partialResult as? VoiceActivity {
        try show(partial, options, error: "\(error)")
      }
      try fail(error, error.isAboutOptions ? .notUnderstood : .recordingFailed)
    }
  }
}

extension VoiceActivityCommand {
  /// - Parameter error: why it is not of the whole recording.
  private func show(
    _ activity: VoiceActivity, _ options: VoiceActivityOptions, error: String? = nil
  ) throws {
    if probabilities {
      return try StandardOutput.write(activity.probabilities.map { "\($0)\n" }.joined())
    }
    let speech = try activity.speech(options)
    guard json else {
      return try StandardOutput.write(
        speech.map { String(format: "%.3f\t%.3f\n", $0.start, $0.end) }.joined())
    }
    try StandardOutput.print(
      json: JSONResult(
        file: LocalFile(recording).jsonPath, fileBytes: LocalFile(recording).jsonPathBytes,
        duration: activity.duration,
        speech: speech.map { JSONResult.Stretch(start: $0.start, end: $0.end) }, error: error))
  }
}

/// What `--json` prints.
private struct JSONResult: Encodable {
  var file: String
  /// In base64, if the file's name is not UTF-8.
  var fileBytes: Data?
  /// Seconds.
  var duration: Double
  var speech: [Stretch]
  /// Why the rest of the recording could not be read.
  var error: String?

  struct Stretch: Encodable {
    var start: Double
    var end: Double
  }
}
