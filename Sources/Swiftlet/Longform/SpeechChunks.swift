// Stretches of speech, gathered into what is transcribed at once.

import SwiftletAudio

/// The rules by which speech is cut into chunks, in frames of 10 ms.
enum SpeechChunks {
  /// For chunks that are decoded side by side: faster-whisper's `BatchedInferencePipeline`.
  static let batched = VoiceActivityOptions(
    minimumSpeech: 0, maximumSpeech: 30, minimumSilence: 0.16, padding: 0.4)
  /// For passing over silence: faster-whisper's `vad_filter`.
  static let filter = VoiceActivityOptions(minimumSpeech: 0, minimumSilence: 2, padding: 0.4)

  /// Neighbouring stretches together, silence between them included, up to a window's length.
  ///
  /// Chunks cover all of `speech`, in order and without an overlap; a stretch that is longer than a window by itself is cut
  /// into windows.
  ///
  /// - Parameter speech: in order, without an overlap.
  static func gathered(_ speech: [Range<Int>], longest: Int = LogMelWindow.frames) -> [Range<Int>] {
    var chunks: [Range<Int>] = []
    for stretch in speech where !stretch.isEmpty {
      if let last = chunks.last, stretch.upperBound - last.lowerBound <= longest {
        chunks[chunks.count - 1] = last.lowerBound..<stretch.upperBound
        continue
      }
      for begin in Swift.stride(from: stretch.lowerBound, to: stretch.upperBound, by: longest) {
        chunks.append(begin..<min(begin + longest, stretch.upperBound))
      }
    }
    return chunks
  }

  /// Speech in whole frames, as far as it lies within the clips that were asked for.
  static func frames(of speech: [SpeechRange], within clips: [Range<Int>]) -> [Range<Int>] {
    var frames: [Range<Int>] = []
    for range in speech {
      let hop = LogMelSpectrogram.hop
      // Rounded outwards; the frame that two stretches share belongs to the first.
      let begin = max(range.startSample / hop, frames.last?.upperBound ?? 0)
      let end = max(begin, (range.endSample + hop - 1) / hop)
      frames.append(begin..<end)
    }
    return clips.flatMap { clip in frames.map { $0.clamped(to: clip) }.filter { !$0.isEmpty } }
  }
}
