// Which transcriptions a model can make, and which nobody can.

import SwiftletAudio
import SwiftletText

extension TranscriptionOptions {
  /// Finds out whether the numbers can be meant and the options go together, whatever the model; ``Transcriber/check(_:)`` also
  /// finds out whether a model can do it.
  ///
  /// - Throws: ``SwiftletError/Code/invalidOptions``, with what could be asked for instead.
  public func check() throws(SwiftletError) {
    try checkFields()
    try decoding.checkFields(of: "decoding")
    try fallback.checkFields(of: "fallback")
    try voiceActivity.checkFields(of: "voiceActivity")
    try words.checkFields(of: "words")
    try windows.checkFields(of: "windows")
    try voiceActivityRules.check()
    try checkCombinations()
  }

  /// The same for a model.
  ///
  /// - Throws: ``SwiftletError/Code/invalidOptions``, with what could be asked for instead.
  func check(tokenizer: Tokenizer, contextLength: Int) throws(SwiftletError) {
    try check()
    try checkLanguage(tokenizer)
    if let unknown = decoding.suppressTokens.first(where: { $0 < -1 || $0 >= tokenizer.vocabularySize }) {
      throw .invalid(
        "There is no token \(unknown) to suppress; give numbers from 0 to \(tokenizer.vocabularySize - 1), or -1 for all that are not speech.",
        subject: "decoding.suppressTokens")
    }
    let prefixTokens = prefix.map { tokenizer.encode(spoken: $0).count } ?? 0
    try refuse(
      prefixTokens > contextLength / 4, "prefix",
      "The prefix is \(prefixTokens) tokens long; at most \(contextLength / 4) leave room for the transcript."
    )
  }

  private func refuse(_ isWrong: Bool, _ subject: String, _ message: @autoclosure () -> String)
    throws(SwiftletError)
  {
    if isWrong { throw .invalid(message(), subject: subject) }
  }

  private func checkLanguage(_ tokenizer: Tokenizer) throws(SwiftletError) {
    try SwiftletError.invalid(subject: "language") {
      let language = try language.map { try Language($0) }
      if !tokenizer.isMultilingual || language != nil {
        _ = try tokenizer.startSequence(
          language: language, task: task.speechTask, timestamps: windows.timestamps)
      }
    }
    try Self.checkCandidates(languageCandidates, given: language, tokenizer: tokenizer)
    guard detectLanguagePerWindow else { return }
    try refuse(
      !tokenizer.isMultilingual, "detectLanguagePerWindow",
      "This model is for English only, so there is no language to detect.")
    try refuse(
      language != nil, "detectLanguagePerWindow",
      "A given language is not detected; leave out one of the two.")
  }

  private func checkCombinations() throws(SwiftletError) {
    try refuse(
      decoding.patience != 1 && effectiveBeamSize == 1, "decoding.patience",
      "Patience is for beam search; give a beam size above 1, or leave patience out.")
    try refuse(
      decoding.beamSize ?? 1 > 1 && !fallback.temperatures.contains(0), "decoding.beamSize",
      "Beam search works at temperature 0; add it to the temperatures, or use a beam size of 1.")
    try refuse(
      words.hallucinationSilenceThreshold != nil && !words.timestamps, "words.hallucinationSilenceThreshold",
      "The silence around invented words is found by the times of words; ask for word timestamps too.")
    for (isAsked, subject, what) in [
      (
        windows.conditionOnPreviousText == true, "windows.conditionOnPreviousText",
        "Conditioning on previous text"
      ),
      (voiceActivity.filter, "voiceActivity.filter", "The voice activity filter"),
      (
        words.hallucinationSilenceThreshold != nil, "words.hallucinationSilenceThreshold",
        "A silence threshold for hallucinations"
      ),
    ] {
      try refuse(isAsked && !sequential, subject, "\(what) needs sequential transcription; ask for that too.")
    }
    try refuse(
      carryInitialPrompt && initialPrompt == nil, "carryInitialPrompt",
      "There is no initial prompt to carry along; give one.")
  }

  /// Refuses what live sound can't have: what needs a whole recording, or is done to one that has ended.
  func checkStreaming() throws(SwiftletError) {
    let standard = TranscriptionOptions()
    for (isAsked, subject, what) in [
      (sequential, "sequential", "sequential transcription"),
      (voiceActivity != standard.voiceActivity, "voiceActivity", "options of voice activity"),
      (!clipTimestamps.isEmpty, "clipTimestamps", "clips"),
      (prefix != nil, "prefix", "a prefix"),
      (
        words.hallucinationSilenceThreshold != nil, "words.hallucinationSilenceThreshold",
        "a silence threshold for hallucinations"
      ),
      (
        detectLanguagePerWindow, "detectLanguagePerWindow", "language detection in each window"
      ),
      (windows.padding != standard.windows.padding, "windows.padding", "zero padding"),
      (
        windows.maxInitialTimestamp != standard.windows.maxInitialTimestamp, "windows.maxInitialTimestamp",
        "a limit of the first timestamp"
      ),
    ] where isAsked {
      throw .invalid("A live stream can't have \(what); leave that out.", subject: subject)
    }
  }

  /// The stretches to transcribe, in frames of 10 ms.
  var clipFrames: [Range<Int>] {
    var bounds = clipTimestamps.map(LogMelWindow.frame(at:))
    if bounds.isEmpty { bounds = [0] }
    if bounds.count % 2 == 1 { bounds.append(.max) }
    return stride(from: 0, to: bounds.count, by: 2).map { bounds[$0]..<bounds[$0 + 1] }
  }
}
