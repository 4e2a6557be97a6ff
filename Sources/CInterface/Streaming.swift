// Live audio: samples that C pushes, updates that it is called back with.

public import CSwiftlet
import Foundation
import Swiftlet

/// A stream of samples from a thread of C's, and of updates back to it.
private final class LiveStream: @unchecked Sendable {
  private let update: swiftlet_update_callback?
  private let context: UnsafeMutableRawPointer?
  /// Samples that are held from which on whoever pushes must wait: a tenth of a second.
  private let capacity: Int

  /// Guards all that follows.
  private let condition = NSCondition()
  private var pieces: [[Float]] = []
  private var held = 0
  private var hasEnded = false
  /// Waits for a piece.
  private var reader: CheckedContinuation<Void, Never>?
  private var updates: [StreamingUpdate] = []
  /// What the work ended with.
  private var result: Result<Void, any Error>?
  private var task: Task<Void, Never>?
  /// Whether a call is using the stream.
  private var isBusy = false

  init(
    _ transcriber: Transcriber, options: TranscriptionOptions, streaming: StreamingOptions, rate: Int,
    update: swiftlet_update_callback?, context: UnsafeMutableRawPointer?
  ) {
    self.update = update
    self.context = context
    capacity = max(1, rate / 10)
    let input = AudioInput.live(Sound(stream: self), sampleRate: rate)
    let task = Task.detached(priority: .userInitiated) {
      do {
        for try await update in transcriber.stream(input, options: options, streaming: streaming) {
          self.add(update)
        }
        self.end(.success(()))
      } catch {
        self.end(.failure(error))
      }
    }
    condition.withLock { self.task = task }
  }

  // MARK: The library's side

  /// The samples that are pushed. The stream lives as long as the work does, which `close` ends.
  private struct Sound: AsyncSequence, Sendable {
    let stream: LiveStream

    struct Iterator: AsyncIteratorProtocol {
      let stream: LiveStream
      func next() async -> [Float]? { await stream.nextPiece() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(stream: stream) }
  }

  private func nextPiece() async -> [Float]? {
    while true {
      let (piece, isDone) = condition.withLock { () -> ([Float]?, Bool) in
        guard !pieces.isEmpty else { return (nil, hasEnded || result != nil) }
        let piece = pieces.removeFirst()
        held -= piece.count
        condition.broadcast()
        return (piece, false)
      }
      if let piece { return piece }
      if isDone { return nil }
      await withCheckedContinuation { continuation in
        let mustWait = condition.withLock {
          let mustWait = pieces.isEmpty && !hasEnded && result == nil
          if mustWait { reader = continuation }
          return mustWait
        }
        if !mustWait { continuation.resume() }
      }
    }
  }

  private func add(_ update: StreamingUpdate) {
    condition.withLock {
      updates.append(update)
      condition.broadcast()
    }
  }

  /// The first end counts.
  private func end(_ result: Result<Void, any Error>) {
    let reader = condition.withLock {
      if self.result == nil { self.result = result }
      pieces = []
      held = 0
      condition.broadcast()
      return self.reader.take()
    }
    reader?.resume()
  }

  // MARK: C's side

  /// Stops the work; calls that wait return.
  func close() {
    end(.failure(CancellationError()))
    condition.withLock { task }?.cancel()
  }

  func push(_ samples: UnsafePointer<Float>?, _ count: Int) throws {
    try alone {
      guard !condition.withLock({ hasEnded }) else {
        throw Misuse("The stream has been finished and takes no more samples; open another one.")
      }
      guard count >= 0, count == 0 || samples != nil else {
        throw Misuse("The samples are NULL, or their number is larger than memory.")
      }
      var done = 0
      while let samples, done < count {
        // Piece by piece, so that nothing but what is heard next is copied.
        let piece = Array(UnsafeBufferPointer(start: samples + done, count: min(capacity, count - done)))
        try deliver { held < capacity }
        let reader = condition.withLock {
          if result == nil {
            pieces.append(piece)
            held += piece.count
          }
          return self.reader.take()
        }
        reader?.resume()
        done += piece.count
      }
      try deliver { true }
    }
  }

  func finish() throws {
    try alone {
      let reader = condition.withLock {
        hasEnded = true
        return self.reader.take()
      }
      reader?.resume()
      try deliver { false }
    }
  }

  /// Calls back with the updates that are there and that come until `isEnough`, which is asked with the lock held, or until the
  /// work has ended.
  ///
  /// - Throws: what the work ended with.
  private func deliver(until isEnough: () -> Bool) throws {
    while true {
      let (taken, end, isDone) = condition.withLock {
        while updates.isEmpty, result == nil, !isEnough() { condition.wait() }
        defer { updates = [] }
        return (updates, result, isEnough())
      }
      for update in taken {
        guard let callback = self.update, let text = try? update.json() else { continue }
        // A callback may have freed the stream.
        if case .failure(is CancellationError) = condition.withLock({ self.result }) { break }
        if text.withCString({ callback(context, $0) }) != 0 { close() }
      }
      if !taken.isEmpty { continue }
      if let end { return try end.get() }
      if isDone { return }
    }
  }

  /// Runs `body` unless a call is using the stream.
  private func alone(_ body: () throws -> Void) throws {
    let isFree = condition.withLock {
      defer { isBusy = true }
      return !isBusy
    }
    guard isFree else { throw Misuse("Another call is using the stream; wait until it has returned.") }
    defer { condition.withLock { isBusy = false } }
    try body()
  }
}

@c @implementation
public func swiftlet_stream_open(
  _ model: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ streaming: UnsafePointer<CChar>?,
  _ sampleRate: CInt, _ update: swiftlet_update_callback?, _ context: UnsafeMutableRawPointer?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  out?.pointee = nil
  return reporting(error) {
    guard let out else { throw Misuse("There is no place for the stream: out is NULL.") }
    let transcriber: Transcriber = try Handles.shared.object(model, "model")
    let options = try readOptions(
      options, "options of transcription", as: TranscriptionOptions.self)
    let streaming = try readOptions(streaming, "options of streaming", as: StreamingOptions.self)
    try transcriber.check(options, for: streaming)
    // It knows the rates that can be converted.
    _ = try SampleRateConverter(from: Int(sampleRate))
    out.pointee = Handles.shared.add(
      LiveStream(
        transcriber, options: options, streaming: streaming, rate: Int(sampleRate), update: update,
        context: context))
  }
}

@c @implementation
public func swiftlet_stream_push(
  _ stream: OpaquePointer?, _ samples: UnsafePointer<Float>?, _ count: Int,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  reporting(error) {
    try Handles.shared.object(stream, "stream", as: LiveStream.self).push(samples, count)
  }
}

@c @implementation
public func swiftlet_stream_finish(
  _ stream: OpaquePointer?, _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  reporting(error) { try Handles.shared.object(stream, "stream", as: LiveStream.self).finish() }
}

@c @implementation
public func swiftlet_stream_free(_ stream: OpaquePointer?) {
  Handles.shared.remove(stream, as: LiveStream.self)?.close()
}
