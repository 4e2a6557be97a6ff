// A model of large-v3's shape, from its files to text: 128 mel bins, 51,866 tokens, Cantonese.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import SwiftletText
import Testing

@testable import Swiftlet

/// The weights are made so that the text is known. Everything but the cross attention adds nothing to the residual stream:
/// the sound's mean, which tells high tones from low ones, decides about the language and the first token, and the
/// decoder's positions about all others.
@Suite struct LargeModelTests {
  private static let (width, mels, vocabulary) = (32, 128, 51_866)
  /// Feature 0 stands for high tones and feature 1 for low ones; from 2 on, each stands for one token.
  private static let (high, low) = (0, 1)

  private let folder = TestFolder()
  private let tokenizer: Tokenizer
  /// What follows the first token, and the end.
  private let rest: [Int]

  init() throws {
    tokenizer = try .bundled(vocabularySize: Self.vocabulary)
    rest = tokenizer.encode("聲音") + [tokenizer.specials.endOfText]
    try writeModel()
  }

  private func token(_ text: String) throws -> Int {
    let tokens = tokenizer.encode(text)
    try #require(tokens.count == 1)
    return tokens[0]
  }

  private func writeModel() throws {
    let (width, mels) = (Self.width, Self.mels)
    var writer = SafetensorsWriter(metadata: ["format": "pt"])
    func add(_ name: String, _ shape: [Int], _ values: [Int: Float] = [:], others: Float = 0) {
      var floats = [Float](repeating: others, count: shape.reduce(1, *))
      for (index, value) in values { floats[index] = value }
      writer.add("model.\(name)", shape: shape, floats: floats)
    }
    func addLinear(
      _ name: String, _ rows: Int, _ columns: Int, bias: Bool = true, _ diagonal: [Int: Float] = [:]
    ) {
      let values = diagonal.map { ($0.key * columns + $0.key, $0.value) }
      add("\(name).weight", [rows, columns], Dictionary(uniqueKeysWithValues: values))
      if bias { add("\(name).bias", [rows]) }
    }
    func addNormalization(_ name: String) {
      add("\(name).weight", [width], others: 1)
      add("\(name).bias", [width])
    }
    func addAttention(_ name: String, passing: [Int: Float] = [:]) {
      for part in ["q_proj", "v_proj", "out_proj"] {
        addLinear("\(name).\(part)", width, width, part == "q_proj" ? [:] : passing)
      }
      addLinear("\(name).k_proj", width, width, bias: false)
      addNormalization("\(name)_layer_norm")
    }
    func addFeedForward(_ name: String) {
      addLinear("\(name).fc1", 4 * width, width)
      addLinear("\(name).fc2", width, 4 * width)
      addNormalization("\(name).final_layer_norm")
    }

    // The middle column of three: the upper mel bins less the lower ones, and the reverse. GELU leaves one of the two.
    var bands: [Int: Float] = [:]
    for bin in 0..<24 {
      for (feature, sign) in [(Self.high, 1), (Self.low, -1)] as [(Int, Float)] {
        bands[(feature * mels + mels - 1 - bin) * 3 + 1] = sign
        bands[(feature * mels + bin) * 3 + 1] = -sign
      }
    }
    add("encoder.conv1.weight", [width, mels, 3], bands)
    add("encoder.conv1.bias", [width])
    add(
      "encoder.conv2.weight", [width, width, 3],
      [(Self.high * width + Self.high) * 3 + 1: 1, (Self.low * width + Self.low) * 3 + 1: 1])
    add("encoder.conv2.bias", [width])
    add("encoder.embed_positions.weight", [1_500, width])
    addAttention("encoder.layers.0.self_attn")
    addFeedForward("encoder.layers.0")
    addNormalization("encoder.layer_norm")

    var embeddings: [Int: Float] = [:]
    func stand(for feature: Int, _ token: Int, _ weight: Float = 4) {
      embeddings[token * width + feature] = weight
    }
    // The language is found among languages alone; as text it must not compete.
    for (feature, language, text) in [(Self.high, "yue", "大"), (Self.low, "en", "小")] {
      stand(for: feature, try #require(tokenizer.specials[Language(language)]), 2)
      stand(for: feature, try token(text))
    }
    for (index, token) in rest.enumerated() { stand(for: 2 + index, token) }
    add("decoder.embed_tokens.weight", [Self.vocabulary, width], embeddings)
    // The prompt is <|startoftranscript|>, the language, <|transcribe|> and <|notimestamps|>; the sound decides what
    // follows the first of these, and the last.
    var positions: [Int: Float] = [:]
    for position in 4..<448 { positions[position * width + 2 + min(position - 4, rest.count - 1)] = 1_000 }
    add("decoder.embed_positions.weight", [448, width], positions)
    addAttention("decoder.layers.0.self_attn")
    addAttention("decoder.layers.0.encoder_attn", passing: [Self.high: 1, Self.low: 1])
    addFeedForward("decoder.layers.0")
    addNormalization("decoder.layer_norm")
    try writer.write(to: folder.url("model.safetensors"))

    var config = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: Fixtures.url("whisper/config.json")))
        as? [String: Any])
    for (name, value) in [
      "d_model": width, "num_mel_bins": mels, "vocab_size": Self.vocabulary, "encoder_layers": 1,
      "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
      "encoder_ffn_dim": 4 * width, "decoder_ffn_dim": 4 * width, "max_source_positions": 1_500,
      "max_target_positions": 448,
    ] { config[name] = value }
    try folder.write(JSONSerialization.data(withJSONObject: config), as: "config.json")
  }

  /// Four seconds of a tone.
  private func tone(_ frequency: Float) -> AudioInput {
    .samples((0..<64_000).map { 0.3 * sin(Float($0) / 16_000 * 2 * .pi * frequency) })
  }

  @Test(arguments: EnginePrecision.allCases) func theSoundDecidesAboutLanguageAndText(
    precision: EnginePrecision
  ) async throws {
    let transcriber = try await Transcriber.load(
      folder.url, precisions: EnginePrecisions(precision), threads: 2,
      store: ModelStore(folder: folder.url("cache")))
    #expect(transcriber.isMultilingual)
    var options = TranscriptionOptions()
    options.sequential = true
    options.windows.timestamps = false
    options.fallback.temperatures = [0]
    // A tone is no speech.
    options.voiceActivity.hallucinationGuard = false
    for (frequency, language, first) in [(7_000, "yue", "大"), (200, "en", "小")] as [(Float, String, String)] {
      let ranking = try await transcriber.detectLanguage(of: tone(frequency))
      #expect(ranking.count == 100 && ranking.first?.code == language)
      for beamSize in [1, 2] {
        options.decoding.beamSize = beamSize
        let transcript = try await transcriber.transcribe(tone(frequency), options: options)
        #expect(transcript.text == first + "聲音", "\(transcript.segments)")
        #expect(transcript.language == language)
        for segment in transcript.segments {
          #expect(segment.averageLogProbability > -0.1, "\(segment)")
          #expect(segment.noSpeechProbability < 0.01)
        }
      }
    }
    options.language = "Cantonese"
    let given = try await transcriber.transcribe(tone(200), options: options)
    #expect(given.text == "小聲音" && given.language == "yue")
  }
}
