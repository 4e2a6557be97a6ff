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
  ///   - options: what is asked of the transcription; not what needs a whole recording, such as clips or `batched`.
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
    try check(options)
    try options.checkStreaming()
    try streaming.check()
    let stop = StopFlag()
    let steps = StreamingSteps(
      try StreamingTranscription(
        options, streaming: streaming, scheduler: scheduler, tokenizer: tokenizer, detector: detector,
        isCancelled: { stop.isSet }))
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
        let limits = steps.limits
        let piece = await inbox.take(atLeast: limits.step, atMost: limits.room)
        try Task.checkCancellation()
        deliver(try await steps.hear(piece.sound, isLast: piece.isLast))
        if piece.isLast { break }
      }
      if let failure = inbox.failure { throw failure }
    } onCancel: {
      stop.set()
      inbox.close()
      feeder.cancel()
    }
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
