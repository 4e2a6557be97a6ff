// What the hub's API says of a repository, and which of its files make up a model.

import Foundation

/// The answer to `/api/models/NAME/revision/REVISION?blobs=true`, as far as it is needed.
struct HubInformation: Decodable, Sendable {
  struct File: Decodable, Hashable, Sendable {
    struct LargeFile: Decodable, Hashable, Sendable {
      var sha256: String?
      var size: Int64?
    }

    var rfilename: String
    var size: Int64?
    /// SHA-1 of the git blob, which of a large file is that of the pointer.
    var blobId: String?
    var lfs: LargeFile?

    var bytes: Int64? { lfs?.size ?? size }

    var digest: ExpectedDigest {
      if let lfs { return lfs.sha256.map { .sha256($0) } ?? .toldByHub }
      return blobId.map { .gitBlob($0) } ?? .toldByHub
    }
  }

  /// The commit.
  var sha: String
  var siblings: [File]

  /// The file of this name, which is no path.
  func file(_ name: String) -> File? { siblings.first { $0.rfilename == name } }

  /// The files that hold weights, best first, of which the first that is there is taken: fp16 or fp32 in a form that can
  /// be mapped, the same as pickles, then CTranslate2's.
  private static let weightNames = [
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
    "model.bin",
  ]

  /// The file that the model is opened by.
  var weights: File? { Self.weightNames.lazy.compactMap(file).first }

  /// What of a tokenizer is there and of use: Hugging Face's one file, or its three, or CTranslate2's. Without any, the
  /// program's own is used.
  var tokenizer: [File] {
    let sets = [
      ["tokenizer.json"], ["vocab.json", "merges.txt", "added_tokens.json"], ["vocabulary.json"],
      ["vocabulary.txt"],
    ]
    for names in sets {
      let files = names.compactMap(file)
      if files.count == names.count { return files }
    }
    return []
  }

  /// Names of files that look like weights, for a message.
  var weightlike: [String] {
    let endings = [
      ".safetensors", ".bin", ".pt", ".pth", ".gguf", ".onnx", ".msgpack", ".h5", ".nemo", ".ckpt",
    ]
    return siblings.map(\.rfilename).filter { name in endings.contains { name.hasSuffix($0) } }
  }
}
