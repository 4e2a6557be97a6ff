// Live sound to words, as it comes.

import SwiftletAudio

extension Transcriber {
  /// The words of live sound, as they are said.
  ///
  /// ```swift
  /// for try await update in transcriber.stream(.live(microphone)) {
  ///   print(update.committed.map(\.text).joined(), terminator: "")
  /// }
  /// ```
  ///
  /// The sound since the last cut is decoded again every ``StreamingOptions/step``; words on which two successive hypotheses
  /// agree are committed. Words are timed whatever `options` say of timestamps.
  ///
  /// - Parameters:
  ///   - input: live sound, or anything else that is to be followed as if it were; not separate channels.
  ///   - options: how to transcribe; not what needs a whole recording, such as clips or ``TranscriptionOptions/sequential``.
  ///   - streaming: how the sound is followed.
  /// - Returns: a sequence of updates, one a step. Work begins with the first that is asked for, and waits when it is 64 ahead. It
  ///   throws ``SwiftletError`` for options that live sound can't have, and when the sound ends early; everything up to there
  ///   is committed first. Releasing its iterator, or cancelling the task that waits for an update, stops the work within a step
  ///   of the decoder; the iterator then throws `CancellationError`.
  public func stream(
    _ input: AudioInput, options: TranscriptionOptions = TranscriptionOptions(),
    streaming: StreamingOptions = StreamingOptions()
  ) -> some AsyncSequence<StreamingUpdate, any Error> & Sendable {
    ResultSequence<StreamingUpdate> { handover in
      let task = Task {
        do {
          try await self.follow(input, options, streaming) { await handover.put($0) }
          handover.finish(.success(()))
        } catch {
          handover.finish(.failure(publicError(error)))
        }
      }
      handover.whenClosed { task.cancel() }
    }
  }

  /// Finds out, before any sound comes, whether a stream can have these options.
  ///
  /// - Throws: ``SwiftletError/Code/invalidOptions``, as the sequence of ``stream(_:options:streaming:)`` would.
  public func check(_ options: TranscriptionOptions, for streaming: StreamingOptions) throws {
    var checked = options.withoutAutomaticLanguage
    // Streams are conditioned on previous text unless they are asked not to be.
    if checked.windows.conditionOnPreviousText == true { checked.windows.conditionOnPreviousText = nil }
    try check(checked)
    try options.checkStreaming()
    try streaming.checkFields(of: "streaming")
  }

  private func follow(
    _ input: AudioInput, _ options: TranscriptionOptions, _ streaming: StreamingOptions,
    deliver: (StreamingUpdate) async -> Void
  ) async throws {
    let options = options.withoutAutomaticLanguage
    try check(options, for: streaming)
    try input.check()
    try input.checkIsSingle("A stream")
    let stop = StopFlag()
    let steps = StreamingSteps(
      try StreamingTranscription(job(options, stop: stop), streaming: streaming))
    let sound = InputPieces(input: input, language: options.language, isPaced: streaming.paced)
    try await withTaskCancellationHandler {
      try await take(sound, limits: { steps.limits }) { piece, isLast in
        var update = try await steps.hear(piece, isLast: isLast)
        update.notices = sound.reports.notices
        await deliver(update)
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
  let pieces = Handover<[Float]>(capacity: LogMelWindow.samples, weight: \.count)
  pieces.feed(from: sound)
  defer { pieces.close() }
  var stepped = SteppedSound(pieces)
  try await withTaskCancellationHandler {
    while true {
      let limits = limits()
      let piece = try await stepped.take(atLeast: limits.step, atMost: limits.room)
      try Task.checkCancellation()
      try await hear(piece.sound, piece.isLast)
      if piece.isLast { break }
    }
    if let failure = stepped.failure { throw failure }
  } onCancel: {
    pieces.close()
  }
}

/// Computes steps, one at a time, on a thread that may block.
private final class StreamingSteps: @unchecked Sendable {
  /// Touched by one step at a time; the next begins when its caller has the last one's result.
  private let transcription: StreamingTranscription
  private let queue = BlockingThreads("swiftlet.stream", limit: 1)

  init(_ transcription: StreamingTranscription) { self.transcription = transcription }

  var limits: (step: Int, room: Int) { (transcription.stepSamples, transcription.room) }

  func hear(_ sound: [Float], isLast: Bool) async throws -> StreamingUpdate {
    try await withCheckedThrowingContinuation { continuation in
      queue.add {
        continuation.resume(with: Result { try self.transcription.hear(sound, isLast: isLast) })
      }
    }
  }
}
