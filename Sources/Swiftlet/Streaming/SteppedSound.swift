// Sound that comes in pieces, heard in steps.

/// Takes what has come and has not been heard yet, in steps of the length that is wanted.
struct SteppedSound {
  private let pieces: Handover<[Float]>
  private var waiting: [Float] = []
  private var hasEnded = false
  /// What ended the sound early.
  private(set) var failure: (any Error)?

  init(_ pieces: Handover<[Float]>) { self.pieces = pieces }

  /// Takes all that is there, once it is at least `least` samples or the sound has ended.
  ///
  /// - Returns: at most `most` samples, and whether they are the last.
  /// - Throws: `CancellationError` if the pieces' handover is closed.
  mutating func take(atLeast least: Int, atMost most: Int) async throws -> (sound: [Float], isLast: Bool) {
    // Whether there is more must be known even where all that there is fits.
    while !hasEnded, waiting.count < least || waiting.count <= most && pieces.isReady {
      try await takePiece()
    }
    let taken = Array(waiting.prefix(most))
    waiting.removeFirst(taken.count)
    return (taken, hasEnded && waiting.isEmpty)
  }

  private mutating func takePiece() async throws {
    do {
      if let piece = try await pieces.next() { waiting += piece } else { hasEnded = true }
    } catch {
      if pieces.stop.isSet { throw CancellationError() }
      failure = error
      hasEnded = true
    }
  }
}
