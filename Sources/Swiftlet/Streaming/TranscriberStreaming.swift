// Live sound to words, as it comes.

import Dispatch
import SwiftletAudio

extension Transcriber {
  /// The words of live sound, as they are said.
  ///
  /// ```swift
  /// for try await update in transcriber.stream(microphone) {
  ///   print(update.committed.map(\.text).joined(), terminator: "")
  /// }
  /// ```
  ///
  /// The sound since the last cut is decoded again every ``StreamingOptions/step``; words on which two successive hypotheses
  /// agree are committed. Words are timed whatever `options` say of timestamps.
  ///
  /// - Parameters:
  ///   - sound: pieces of any size, 16 kHz mono in [-1, 1]; see ``RecordedSound`` for files and pipes.
  ///   - options: what is asked of the transcription; not what needs a whole recording, such as clips or `sequential`.
  ///   - streaming: how the sound is followed.
  /// - Returns: a sequence of updates, one a step. It throws ``InvalidRequest`` for options that live sound can't have. At the
  ///   end of the sound everything is committed, also if it ends with an error, which is thrown then. Ending the iteration
  ///   early, or cancelling its task, stops the work within a step of the decoder.
  public func stream<Sound: AsyncSequence & Sendable>(
    _ sound: Sound, options: TranscriptionOptions = TranscriptionOptions(),
    streaming: StreamingOptions = StreamingOptions()
  ) -> AsyncThrowingStream<StreamingUpdate, any Error> where Sound.Element == [Float] {
    AsyncThrowingStream { continuation in
      let task = Task {
        do {
          try await self.follow(sound, options, streaming) { continuation.yield($0) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  private func follow<Sound: AsyncSequence & Sendable>(
    _ sound: Sound, _ options: TranscriptionOptions, _ streaming: StreamingOptions,
    deliver: (StreamingUpdate) -> Void
  ) async throws where Sound.Element == [Float] {
    let options = options.withoutAutomaticLanguage
    try check(options)
    try options.checkStreaming()
    try streaming.check()
    let stop = StopFlag()
    let steps = StreamingSteps(
      try StreamingTranscription(
        options, streaming: streaming, scheduler: scheduler, tokenizer: tokenizer, detector: detector,
        isCancelled: { stop.isSet }))
    try await withTaskCancellationHandler {
      try await take(sound, limits: { steps.limits }) { sound, isLast in
        deliver(try await steps.hear(sound, isLast: isLast))
      }
    } onCancel: {
      stop.set()
    }
  }
}

/// Takes live sound as it comes and hands it on, step by step; nothing of it goes on when this returns or throws.
///
/// - Parameters:
///   - limits: samples that the next step must and may have.
///   - hear: takes a step's sound, and whether it is the last.
/// - Throws: what `hear` does; `CancellationError`; at the end, what ended the sound early.
func take<Sound: AsyncSequence & Sendable>(
  _ sound: Sound, limits: () -> (step: Int, room: Int), hear: ([Float], Bool) async throws -> Void
) async throws where Sound.Element == [Float] {
  let inbox = SoundInbox(capacity: LogMelWindow.samples)
  let feeder = Task {
    do {
      for try await piece in sound {
        guard await inbox.put(piece) else { break }
      }
      inbox.end()
    } catch {
      inbox.end(throwing: error)
    }
  }
  defer {
    inbox.close()
    feeder.cancel()
  }
  try await withTaskCancellationHandler {
    while true {
      let limits = limits()
      let piece = await inbox.take(atLeast: limits.step, atMost: limits.room)
      try Task.checkCancellation()
      try await hear(piece.sound, piece.isLast)
      if piece.isLast { break }
    }
    if let failure = inbox.failure { throw failure }
  } onCancel: {
    inbox.close()
    feeder.cancel()
  }
}

/// Computes steps, one at a time, on a thread that may block.
private final class StreamingSteps: @unchecked Sendable {
  /// Touched by one step at a time; the next begins when its caller has the last one's result.
  private let transcription: StreamingTranscription
  private let queue = DispatchQueue(label: "swiftlet.stream", qos: .userInitiated)

  init(_ transcription: StreamingTranscription) { self.transcription = transcription }

  var limits: (step: Int, room: Int) { (transcription.stepSamples, transcription.room) }

  func hear(_ sound: [Float], isLast: Bool) async throws -> StreamingUpdate {
    try await withCheckedThrowingContinuation { continuation in
      queue.async {
        continuation.resume(with: Result { try self.transcription.hear(sound, isLast: isLast) })
      }
    }
  }
}
