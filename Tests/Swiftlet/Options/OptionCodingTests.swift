// Options as JSON: defaults for what is missing, errors for what is unknown, and nothing that is not in the table.

import Foundation
import Testing

@testable import Swiftlet

@Suite struct OptionCodingTests {
  private func decode<Value: Decodable>(_ json: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(json.utf8))
  }

  @Test func whatIsMissingHasItsDefault() throws {
    let options: TranscriptionOptions = try decode(
      """
      {"language": "fr", "decoding": {"beamSize": 2}, "fallback": {"noSpeechThreshold": null},
       "voiceActivity": {"rules": {"threshold": 0.4}}}
      """)
    var expected = TranscriptionOptions(language: "fr")
    expected.decoding.beamSize = 2
    expected.fallback.noSpeechThreshold = nil
    expected.voiceActivity.rules = VoiceActivityOptions(threshold: 0.4)
    #expect(options == expected)
    #expect(try decode("{}") == TranscriptionOptions())
    #expect(try decode("{}") == StreamingOptions())
    #expect(try decode("{}") == VoiceActivityOptions())
    #expect(try decode("{\"wordTimes\": true}") == SubtitleOptions(wordTimes: true))
  }

  @Test func whatIsUnknownIsAnErrorThatNamesIt() throws {
    for (json, name) in [
      ("{\"beamSize\": 5}", "beamSize"), ("{\"decoding\": {\"beam\": 5}}", "beam"),
      ("{\"voiceActivity\": {\"rules\": {\"pad\": 1}}}", "pad"),
    ] {
      let error = #expect(throws: DecodingError.self) {
        let _: TranscriptionOptions = try decode(json)
      }
      guard case .dataCorrupted(let context) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(context.debugDescription.contains("There is no option \"\(name)\"; the options here are "))
    }
    #expect(throws: DecodingError.self) { let _: TranscriptionOptions = try decode("{\"sequential\": 1}") }
    #expect(throws: DecodingError.self) { let _: TranscriptionOptions = try decode("{\"task\": \"sing\"}") }
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    var options = TranscriptionOptions(language: "de", task: .translate)
    options.languageCandidates = ["de", "en"]
    options.initialPrompt = "Swiftlet"
    options.clipTimestamps = [1, 2]
    options.sequential = true
    options.decoding.seed = .max
    options.decoding.lengthPenalty = 0.5
    options.fallback.temperatures = [0.1]
    options.fallback.compressionRatioThreshold = nil
    options.voiceActivity.rules = .filter
    options.words.hallucinationSilenceThreshold = 2
    options.windows.tail = .fold
    options.windows.maxInitialTimestamp = nil
    let data = try JSONEncoder().encode(options)
    #expect(try JSONDecoder().decode(TranscriptionOptions.self, from: data) == options)
  }

  /// A property that is missing from the table would be neither read nor written.
  @Test func theTablesHaveEveryProperty() {
    func check<Group: OptionGroup>(_ group: Group) {
      #expect(
        Group.fields.map(\.key) == Mirror(reflecting: group).children.compactMap(\.label), "\(Group.self)")
    }
    check(TranscriptionOptions())
    check(TranscriptionOptions.Decoding())
    check(TranscriptionOptions.Fallback())
    check(TranscriptionOptions.VoiceActivity())
    check(TranscriptionOptions.Words())
    check(TranscriptionOptions.Windows())
    check(VoiceActivityOptions())
    check(StreamingOptions())
    check(SubtitleOptions())
  }

  @Test func anErrorNamesTheOption() {
    var decoding = TranscriptionOptions.Decoding()
    decoding.patience = -1
    let error = #expect(throws: SwiftletError.self) { try decoding.checkFields(of: "decoding") }
    #expect(error?.code == .invalidOptions && error?.subject == "decoding.patience")
    #expect(error?.message == "Patience must be above 0 and at most 100, not -1.0.")
  }
}
