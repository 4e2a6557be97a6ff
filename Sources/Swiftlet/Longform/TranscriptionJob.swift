// One recording's way through a transcriber: what it is transcribed with, and how.

import SwiftletAudio
import SwiftletText

/// What a recording, or a part of it, is transcribed with, what is asked for, and who may stop it.
struct TranscriptionJob: Sendable {
  let scheduler: NetworkScheduler
  let tokenizer: Tokenizer
  let detector: VoiceActivityDetector
  /// Checked, with a language that is given or nil.
  var options: TranscriptionOptions
  /// Told what windows hold; nil where their language is no question.
  var watch: ForeignSpeechWatch?
  var stop: StopFlag

  /// The same, which can be stopped without stopping this.
  func stoppedAlone() -> TranscriptionJob {
    var job = self
    job.stop = StopFlag(also: stop)
    return job
  }

  /// Chunks that are transcribed side by side: more than fit into a step of the network would wait for it, and hold memory.
  var chunksAtOnce: Int {
    min(
      options.voiceActivity.batchSize,
      max(1, scheduler.network.maximumSequences / options.firstHypotheses))
  }

  /// The windows of sound.
  func windows(of sound: any SampleSource) -> LogMelSource {
    LogMelSource(
      decoder: sound, bins: scheduler.network.dimensions.melBins,
      padding: options.windows.padding.windowPadding)
  }

  /// The languages of a window, the most probable first.
  func languages(
    of window: LogMelWindow, timings: inout Timings
  ) throws -> [(language: Language, probability: Double)] {
    let slot = AudioSlot(scheduler, stop: stop)
    try scheduler.encode(
      window, .exact(positions: scheduler.network.dimensions.audioContext), into: slot, timings: &timings)
    return try scheduler.languages(
      in: slot, among: options.candidates, specials: tokenizer.specials, timings: &timings)
  }
}
