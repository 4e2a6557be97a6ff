// Which transcriptions a model can make, and which nobody can.

import SwiftletAudio
import SwiftletText
import SwiftletWhisper

extension TranscriptionOptions {
  /// - Throws: ``InvalidRequest``, with what could be asked for instead.
  func check(tokenizer: Tokenizer, contextLength: Int) throws {
    try checkNumbers()
    try audio.check()
    try checkClips()
    try checkCombinations()
    try InvalidRequest.wrapping {
      let language = try language.map { try Language($0) }
      if !tokenizer.isMultilingual || language != nil {
        _ = try tokenizer.startSequence(language: language, task: task.speechTask, timestamps: timestamps)
      }
    }
    try Self.checkCandidates(languageCandidates, given: language, tokenizer: tokenizer)
    if detectLanguagePerWindow {
      try refuse(!tokenizer.isMultilingual, "This model knows English alone; there is no language to detect.")
      try refuse(
        language != nil,
        "A language that is given is not detected in each window; give none, or do not detect it.")
    }
    if let unknown = suppressTokens.first(where: { $0 < -1 || $0 >= tokenizer.vocabularySize }) {
      throw InvalidRequest(
        description:
          "There is no token \(unknown) to suppress; give numbers from 0 to \(tokenizer.vocabularySize - 1), or -1 for all that is not speech."
      )
    }
    let prefixTokens = prefix.map { tokenizer.encode(spoken: $0).count } ?? 0
    try refuse(
      prefixTokens > contextLength / 4,
      "The prefix is \(prefixTokens) tokens long; at most \(contextLength / 4) leave room for what is said.")
  }

  private func refuse(_ isWrong: Bool, _ description: @autoclosure () -> String) throws {
    if isWrong { throw InvalidRequest(description: description()) }
  }

  private func checkNumbers() throws {
    try refuse(
      !(0...30).contains(tailMargin),
      "\(tailMargin) s cannot be kept after the sound; a window has room for 0 to 30 s.")
    try refuse(
      !(2...1_000).contains(tailStep),
      "One position in \(tailStep) cannot be kept; give a number from 2 to 1000, or do not fold the tail.")
    let most = TextDecoder.State.sequences
    try refuse(
      !(1...most).contains(effectiveBeamSize),
      "The beam size is a number from 1 to \(most), not \(effectiveBeamSize).")
    try refuse(
      !(1...most).contains(bestOf), "The best of 1 to \(most) samples can be taken, not of \(bestOf).")
    try refuse(
      temperatures.isEmpty || !temperatures.allSatisfy(Self.isTemperature),
      "Give at least one temperature; each is 0, or between \(Self.leastTemperature) and 10.")
    try refuse(
      !(patience > 0 && patience <= 100), "Patience is a number above 0 and at most 100, not \(patience).")
    try refuse(
      lengthPenalty.map { !(0...1).contains($0) } ?? false,
      "The length penalty is a number from 0 to 1, or nothing at all.")
    try refuse(
      !(0.01...100).contains(repetitionPenalty),
      "The repetition penalty is a number from 0.01 to 100 (1 is none), not \(repetitionPenalty).")
    try refuse(
      [compressionRatioThreshold, logProbabilityThreshold, noSpeechThreshold].contains { $0?.isNaN ?? false },
      "A threshold is a number, or nothing at all.")
    try refuse(
      !(1...64).contains(batchSize), "1 to 64 chunks can be decoded at once, not \(batchSize).")
    try refuse(
      !(1...30).contains(chunkLength), "A chunk lasts 1 to 30 s at most, not \(chunkLength) s.")
    try voiceActivityRules.check()
    try refuse(
      hallucinationSilenceThreshold.map { !($0 >= 0) } ?? false,
      "The silence around invented words is a number of seconds, 0 or more, or nothing at all.")
    try refuse(noRepeatNgramSize < 0, "Runs of \(noRepeatNgramSize) words cannot be counted; 0 allows all.")
    try refuse(
      maxInitialTimestamp.map { !(0...30).contains($0) } ?? false,
      "The first timestamp lies between 0 and 30 s; give a limit in between, or none.")
  }

  private func checkClips() throws {
    try refuse(
      !clipTimestamps.allSatisfy { $0 >= 0 && $0 < 1e9 }
        || zip(clipTimestamps, clipTimestamps.dropFirst()).contains { $0 > $1 },
      "Clips are start,end,start,end... in seconds, each not before the one before it.")
  }

  private func checkCombinations() throws {
    try refuse(
      patience != 1 && effectiveBeamSize == 1,
      "Patience is for beam search; give a beam size, or no patience.")
    try refuse(
      beamSize ?? 1 > 1 && !temperatures.contains(0),
      "Beam search works at temperature 0; let it be among the temperatures, or take no beams.")
    try refuse(
      hallucinationSilenceThreshold != nil && !wordTimestamps,
      "What is invented next to silence is told by the times of words; ask for word timestamps too.")
    for (isAsked, what) in [
      (conditionOnPreviousText == true, "Conditioning on previous text"),
      (vadFilter, "The voice activity filter"),
      (hallucinationSilenceThreshold != nil, "A silence threshold for hallucinations"),
    ] {
      try refuse(isAsked && !sequential, "\(what) needs sequential transcription; ask for that too.")
    }
    try refuse(
      carryInitialPrompt && initialPrompt == nil, "There is no initial prompt to carry along; give one.")
  }
}

extension TranscriptionOptions {
  /// Below it, dividing by the temperature leaves nothing to draw from in single precision.
  private static let leastTemperature = 0.001

  private static func isTemperature(_ value: Double) -> Bool {
    value == 0 || (leastTemperature...10).contains(value)
  }

  /// The temperatures to decode at, one after the other: from a first one up to 1 in equal steps.
  ///
  /// - Parameters:
  ///   - first: the first temperature, from 0 to 10.
  ///   - increment: what is added each time; nil or 0 for the first temperature alone.
  /// - Throws: ``InvalidRequest`` for what is no temperature, and for steps that are negative or too small.
  public static func temperatures(
    from first: Double, increment: Double?
  ) throws(InvalidRequest) -> [Double] {
    guard isTemperature(first) else {
      throw InvalidRequest(
        description: "A temperature is 0, or between \(leastTemperature) and 10, not \(first).")
    }
    guard let increment, increment != 0 else { return [first] }
    // Written so that NaN is refused too.
    guard increment >= 0.01 else {
      throw InvalidRequest(
        description: "The temperature cannot rise by \(increment); give 0.01 or more, or 0 for no fallback.")
    }
    let steps = Int(max(0, (1 - first) / increment + 1e-6))
    // Without any steps, the increment may be infinite.
    return [first] + (0..<steps).map { first + Double($0 + 1) * increment }
  }

  /// Refuses what live sound can't have: what needs a whole recording, or is done to one that has ended.
  func checkStreaming() throws(InvalidRequest) {
    let standard = TranscriptionOptions()
    for (isAsked, what) in [
      (sequential, "sequential transcription"), (vadFilter, "the voice activity filter"),
      (audio != standard.audio, "a selection of its audio"),
      (!clipTimestamps.isEmpty, "clips"), (prefix != nil, "a prefix"),
      (hallucinationSilenceThreshold != nil, "a silence threshold for hallucinations"),
      (detectLanguagePerWindow, "language detection in each window"),
      (padding != standard.padding, "zero padding"),
    ] where isAsked {
      throw InvalidRequest(description: "A live stream cannot have \(what); leave it out.")
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
