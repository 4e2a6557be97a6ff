// Tells the formats apart by the first bytes of a file.

import Foundation

/// Which reader a file is for.
enum FileSignature {
  case safetensors, shardIndex, ctranslate2, zip, ggml

  /// Looks at the first bytes of `file`.
  ///
  /// - Throws: ``CheckpointError/unrecognizedFormat(file:beginning:)``, and ``CheckpointError/unsupported(file:what:advice:)``
  ///   for formats that are known but not read.
  init(of file: MappedFile) throws(CheckpointError) {
    let start = [UInt8](file.data.prefix(512))
    func starts(_ text: String) -> Bool { start.starts(with: text.utf8) }
    if starts("PK\u{3}\u{4}") {
      self = .zip
    } else if starts("lmgg") {
      self = .ggml
    } else if start.count > 8, start[8] == UInt8(ascii: "{"), start[5] == 0, start[6] == 0, start[7] == 0 {
      self = .safetensors
    } else if Self.looksLikeCTranslate2(start) {
      self = .ctranslate2
    } else if starts("GGUF") {
      throw .unsupported(
        file: file.name, what: "the format GGUF",
        advice: "Use the model's safetensors, OpenAI or whisper.cpp ggml file (f16 or f32).")
    } else if start.count > 2, start[0] == 0x80, (2...5).contains(start[1]) {
      throw .unsupported(
        file: file.name, what: "PyTorch's format before version 1.6",
        advice: "Load it with torch.load and save it again with torch.save, which now writes a zip file.")
    } else if starts("version https://git-lfs") {
      throw .unsupported(
        file: file.name, what: "a Git LFS pointer, which is a placeholder for the model,",
        advice: "Run `git lfs pull` in the folder.")
    } else if file.url.lastPathComponent.hasSuffix(".index.json"), start.first == UInt8(ascii: "{") {
      self = .shardIndex
    } else {
      throw .unrecognizedFormat(file: file.name, beginning: Self.appearance(start))
    }
  }

  /// A small version number, then a name with its length and a zero at its end.
  private static func looksLikeCTranslate2(_ start: [UInt8]) -> Bool {
    guard start.count > 8, (1...20).contains(start[0]), start[1] == 0, start[2] == 0, start[3] == 0 else {
      return false
    }
    let length = Int(start[4]) | Int(start[5]) << 8
    guard (2...64).contains(length), start.count >= 6 + length else { return false }
    let name = start[6..<(6 + length)]
    return name.last == 0 && name.dropLast().allSatisfy { (0x21...0x7E).contains($0) }
  }

  /// What a file that is no model looks like to a person.
  private static func appearance(_ start: [UInt8]) -> String {
    let isText = start.allSatisfy { $0 >= 0x20 || (0x09...0x0D).contains($0) }
    if isText, start.contains(where: { $0 != 0x20 }) {
      let beginning =
        String(decoding: start.prefix(40), as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
      return "it is text that begins with \"\(beginning)\""
    }
    let bytes = start.prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }
    return "it begins with the bytes \(bytes.joined(separator: " "))"
  }
}
