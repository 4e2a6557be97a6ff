// What the fields of forms mean.

#if Server
import Foundation
import Swiftlet
import Testing

@testable import SwiftletServer

@Suite struct FormTests {
  private func form(
    _ fields: KeyValuePairs<String, String>, for endpoint: TranscriptionForm.Endpoint = .transcriptions
  ) throws -> TranscriptionForm {
    try TranscriptionForm(fields.map { UploadedForm.Field(name: $0.key, value: $0.value) }, for: endpoint)
  }

  private func refusal(
    _ fields: KeyValuePairs<String, String>, for endpoint: TranscriptionForm.Endpoint = .transcriptions
  ) -> String? {
    do {
      _ = try form(fields, for: endpoint)
      return nil
    } catch {
      let known = APIError(error)
      #expect(known?.status == .badRequest && known?.message.isEmpty == false)
      return known?.param
    }
  }

  @Test func fieldsBecomeOptions() throws {
    let read = try form([
      "model": "whisper-1", "language": "fr", "prompt": "Swiftlet", "temperature": "0.4",
      "response_format": "verbose_json",
      "timestamp_granularities[]": "word", "timestamp_granularities[]": "segment", "hotwords": "kestrel",
      "channels": "separate", "track": "2", "stream": "false",
    ])
    #expect(
      read.model == "whisper-1" && read.options.language == "fr" && read.options.initialPrompt == "Swiftlet")
    #expect(read.options.fallback.temperatures.first == 0.4 && read.options.hotwords == "kestrel")
    #expect(
      read.format == .verboseJSON && read.givesWords && read.givesSegments && read.options.words.timestamps)
    #expect(read.channels == .separate && read.track == 2 && !read.isStreamed)
    #expect(try form([:]).options == TranscriptionOptions())
    #expect(try form([:], for: .translations).options.task == .translate)
    #expect(try form(["task": "translate"], for: .jobs).options.task == .translate)
    #expect(try form(["options": #"{"decoding":{"beamSize":5}}"#]).options.decoding.beamSize == 5)
  }

  /// The openai package sends objects so.
  @Test func objectsMayBeSpreadOverFields() throws {
    let rules = try #require(
      try form([
        "chunking_strategy[type]": "server_vad", "chunking_strategy[threshold]": "0.6",
        "chunking_strategy[silence_duration_ms]": "250",
      ]).options.voiceActivity.rules)
    #expect(rules.threshold == 0.6 && rules.minimumSilence == 0.25)
    let whole = try form([
      "chunking_strategy": #"{"type":"server_vad","threshold":0.6,"silence_duration_ms":250}"#
    ])
    #expect(whole.options.voiceActivity.rules == rules)
    #expect(try form(["chunking_strategy": "auto"]).options.voiceActivity.rules == nil)
    #expect(
      try form(["options[decoding][beamSize]": "3", "options[language]": "de"]).options.decoding.beamSize == 3
    )
  }

  @Test func whatCannotBeMeantIsRefused() {
    #expect(refusal(["bogus": "1"]) == "bogus")
    #expect(refusal(["language": "en", "language": "fr"]) == "language")
    #expect(refusal(["temperature": "2"]) == "temperature")
    #expect(refusal(["temperature": "nan"]) == "temperature")
    #expect(refusal(["response_format": "docx"]) == "response_format")
    #expect(refusal(["stream": "perhaps"]) == "stream")
    #expect(refusal(["stream": "true", "response_format": "srt"]) == "response_format")
    #expect(refusal(["timestamp_granularities[]": "word"]) == "timestamp_granularities")
    #expect(
      refusal(["response_format": "verbose_json", "timestamp_granularities[]": "letter"])
        == "timestamp_granularities")
    #expect(refusal(["include[]": "everything"]) == "include")
    #expect(refusal(["include[]": "logprobs", "response_format": "text"]) == "include")
    #expect(refusal(["channels": "0"]) == "channels")
    #expect(refusal(["track": "-1"]) == "track")
    #expect(refusal(["url": "file:///etc/passwd"]) == "url")
    #expect(refusal(["options": "{"]) == "options")
    #expect(refusal(["options": #"{"beam":5}"#]) == "options")
    #expect(refusal(["options": "{}", "options[language]": "en"]) == "options")
    #expect(refusal(["options[a]": "1", "options[a][b]": "2"]) == "options")
    #expect(refusal(["chunking_strategy": "never"]) == "chunking_strategy")
    #expect(
      refusal(["chunking_strategy[type]": "server_vad", "chunking_strategy[threshold]": "7"])
        == "chunking_strategy")
    #expect(refusal(["prompt": "a\0b"]) == "prompt")
    #expect(refusal(["webhook_url": "https://example.org"]) == "webhook_url")
    #expect(refusal(["webhook_url": "ftp://example.org"], for: .jobs) == "webhook_url")
    #expect(refusal(["response_format": "json"], for: .jobs) == "response_format")
  }

  @Test func liveQueriesAreRead() throws {
    let live = try LiveRequest(query: "language=en&format=f32le&sample_rate=24000&step=0.5".queryItems)
    #expect(live.options.language == "en" && live.format == .f32le && live.sampleRate == 24_000)
    #expect(live.streaming.step == 0.5)
    #expect(throws: APIError.self) { try LiveRequest(query: "sample_rate=1".queryItems) }
    #expect(throws: APIError.self) { try LiveRequest(query: "bogus=1".queryItems) }
    #expect("prompt=a%20b&x=".queryItems.map(\.value) == ["a b", ""])
  }

  @Test func segmentsAreJoinedAsTheTranscriptJoinsThem() {
    func segment(_ text: String) -> Segment {
      Segment(start: 0, end: 1, text: text, tokens: [], language: "en")
    }
    for texts in [["And so.", "Ask!", "", "What?"], ["これは。", "日本語"], ["One", "", "日本", "two"], [""]] {
      let segments = texts.map(segment)
      var delta = DeltaText()
      #expect(segments.map { delta.add($0) }.joined() == Transcript(segments: segments).text)
      #expect(delta.whole == Transcript(segments: segments).text)
    }
    #expect(segment("Ask").spacedText == " Ask" && segment("日本").spacedText == "日本")
  }
}
#endif
