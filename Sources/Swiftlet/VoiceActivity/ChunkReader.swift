// A recording, cut into chunks of speech while it is read.

import SwiftletAudio

/// A stretch of a recording that is transcribed by itself.
struct SpeechChunk: Sendable {
  /// Its place in the recording, in frames of 10 ms.
  var frames: Range<Int>
  var samples: [Float]
  /// Voice activity of it, and of up to 32 ms before it.
  var activity: VoiceActivity
  /// Where that begins, in seconds from the chunk's start; not above 0.
  var activityStart: Double

  /// Seconds from the start of the recording.
  var start: Double { LogMelWindow.seconds(frames.lowerBound) }
  var seconds: Double { LogMelWindow.seconds(frames.count) }
}

/// Finds speech in a recording as it is read, with Silero's network. It holds the sound of what may still become a chunk, a
/// minute or so, however long the recording is.
final class ChunkReader {
  private let source: any SampleSource
  private let network: VoiceActivityNetwork
  private let state: VoiceActivityNetwork.State
  private var quiet = QuietSound()
  private var ranges: SpeechRanges
  private let clips: [Range<Int>]
  private var frames: SpeechFrames
  private var chunks: SpeechChunks
  private var ready: [SpeechChunk] = []
  /// The frame behind which nothing is to be transcribed.
  private let end: Int
  /// Sound and its probabilities from sample `begin` on, where a window of voice activity begins.
  private var samples: [Float] = []
  private var probabilities: [Float] = []
  private var begin = 0
  private var isRead = false
  /// What ended the reading early; all that was read before is in chunks.
  private(set) var failure: AudioError?

  private static let window = VoiceActivityNetwork.windowSamples
  private static let piece = QuietSound.piece

  /// - Parameter options: that have been checked: what is to be transcribed, and how chunks are made.
  init(_ source: any SampleSource, network: VoiceActivityNetwork, options: TranscriptionOptions) {
    self.source = source
    self.network = network
    state = network.makeState()
    ranges = SpeechRanges(options.voiceActivityRules)
    chunks = SpeechChunks(longest: LogMelWindow.frame(at: options.voiceActivity.chunkLength))
    clips = options.clipFrames
    frames = SpeechFrames(within: clips)
    end = clips.last?.upperBound ?? 0
  }

  /// Seconds that have been read.
  var position: Double { Double(begin + samples.count) / Double(AudioDecoder.sampleRate) }

  /// Up to where no chunk will begin any more, in seconds; infinity at the end.
  var knownUntil: Double {
    if let first = ready.first { return first.start }
    if isRead { return .infinity }
    let open = chunks.begin.map(LogMelWindow.seconds) ?? .infinity
    return min(open, Double(ranges.earliest) / Double(AudioDecoder.sampleRate))
  }

  /// What comes next.
  enum Step {
    case chunk(SpeechChunk)
    /// More has been read, a second or so, and no chunk is ready.
    case nothingYet
    case end
  }

  /// Reads on by a piece, unless a chunk is ready.
  func step() -> Step {
    if ready.isEmpty, !isRead { read() }
    if !ready.isEmpty { return .chunk(ready.removeFirst()) }
    return isRead ? .end : .nothingYet
  }

  /// The next chunk; nil after the last.
  func next() -> SpeechChunk? {
    while true {
      switch step() {
      case .chunk(let chunk): return chunk
      case .nothingYet: continue
      case .end: return nil
      }
    }
  }

  private func read() {
    var piece: [Float] = []
    do throws(AudioError) {
      piece = try source.read(upTo: Self.piece)
      // Fewer come at the end only, and then there is no more.
      while !piece.isEmpty, piece.count < Self.piece {
        let more = try source.read(upTo: Self.piece - piece.count)
        if more.isEmpty { break }
        piece += more
      }
    } catch {
      failure = error
    }
    samples += piece
    let heard = piece.isEmpty ? [] : network.probabilities(of: quiet.raised(piece), in: state)
    probabilities += heard
    add(ranges.add(heard))
    let now = begin + samples.count
    closeWhatIsFull()
    isRead = piece.count < Self.piece || now / LogMelSpectrogram.hop >= end
    if isRead {
      add(ranges.finish(length: now))
      chunks.close()
    }
    ready += chunks.takeClosed().map(chunk)
    forget()
  }

  /// Ends the open chunk if no more speech can come that belongs to it: what lies behind its clip does not.
  private func closeWhatIsFull() {
    guard let clip = chunks.clip else { return }
    let hop = LogMelSpectrogram.hop
    let end = clips[clip].upperBound
    if ranges.earliest / hop >= end { chunks.close() }
    chunks.close(at: min(ranges.earliestEnd / hop, end))
  }

  private func add(_ speech: [SpeechRange]) {
    for range in speech {
      for part in frames.parts(of: range) { chunks.add(part.frames, clip: part.clip) }
    }
  }

  private func chunk(_ frames: Range<Int>) -> SpeechChunk {
    let hop = LogMelSpectrogram.hop
    let first = max(begin, frames.lowerBound * hop)
    let last = max(first, min(frames.upperBound * hop, begin + samples.count))
    let windows = (first - begin) / Self.window..<(last - begin + Self.window - 1) / Self.window
    let firstSample = begin + windows.lowerBound * Self.window
    return SpeechChunk(
      frames: frames, samples: Array(samples[first - begin..<last - begin]),
      activity: VoiceActivity(
        probabilities: Array(probabilities[windows.clamped(to: probabilities.indices)]),
        sampleCount: last - firstSample),
      activityStart: Double(firstSample - frames.lowerBound * hop) / Double(AudioDecoder.sampleRate))
  }

  /// Drops sound that no chunk will hold.
  private func forget() {
    let open = chunks.begin.map { $0 * LogMelSpectrogram.hop } ?? .max
    let kept = max(begin, min(open, ranges.earliest, begin + samples.count))
    let windows = (kept - begin) / Self.window
    samples.removeFirst(windows * Self.window)
    probabilities.removeFirst(min(windows, probabilities.count))
    begin += windows * Self.window
  }
}
