// An input's sound as samples, for a task.

extension AudioInput {
  /// The sound of this input at 16 kHz, as a ``Transcriber`` hears it: on the clock of the container, with silence where sound
  /// is missing.
  ///
  /// ```swift
  /// for try await piece in AudioInput.file(url).decoded() { print(piece[0].count) }
  /// ```
  ///
  /// - Parameters:
  ///   - language: as ``TranscriptionOptions/language``: whose track is used rather than the default one.
  ///   - notice: receives sentences about the recording, as in ``TranscriptionProgress/notices``, when it ends.
  /// - Returns: a sequence of pieces of a tenth of a second: the samples of each channel, of one unless
  ///   ``channels-swift.property`` are separate. A piece is decoded when it is asked for. The sequence throws ``SwiftletError``
  ///   when the input can't be read, or not to its end; what came before that is delivered first. Cancelling the task that waits
  ///   for a piece ends the wait at once, with `CancellationError`.
  public func decoded(
    language: String? = nil, notice: @escaping @Sendable (String) -> Void = { _ in }
  ) -> some AsyncSequence<[[Float]], any Error> & Sendable {
    DecodedAudio(input: self, language: language, notice: notice)
  }
}

private struct DecodedAudio: AsyncSequence, Sendable {
  let input: AudioInput
  let language: String?
  let notice: @Sendable (String) -> Void

  func makeAsyncIterator() -> Iterator { Iterator(self) }

  struct Iterator: AsyncIteratorProtocol {
    private let reader: SoundReader
    private let reports = SoundReports()
    private let notice: @Sendable (String) -> Void
    private var hasEnded = false

    init(_ sound: DecodedAudio) {
      notice = sound.notice
      reader = SoundReader { [reports] isCancelled in
        try sound.input.check()
        let source = try sound.input.open(language: sound.language, isCancelled: isCancelled)
        reports.set(source.report)
        return source
      }
    }

    mutating func next() async throws -> [[Float]]? {
      guard !hasEnded else { return nil }
      do {
        if let piece = try await reader.next() { return piece }
      } catch {
        end()
        throw publicError(error)
      }
      end()
      return nil
    }

    mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> [[Float]]? {
      try await next()
    }

    private mutating func end() {
      hasEnded = true
      reports.notices.forEach(notice)
    }
  }
}
