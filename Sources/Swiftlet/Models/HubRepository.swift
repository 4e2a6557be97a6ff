// The name of a model's repository on the Hugging Face hub.

import Foundation

/// A repository at a revision: `openai/whisper-small`, `someone/fine-tune@v2`.
package struct HubRepository: Hashable, Sendable {
  /// `OWNER/NAME`.
  package let name: String
  /// A branch, a tag or a commit; nil for the branch `main`.
  package let revision: String?

  package init(_ name: String, revision: String? = nil) {
    self.name = name
    self.revision = revision == "main" ? nil : revision
  }

  /// Reads `OWNER/NAME` or `OWNER/NAME@REVISION`, also with the hub's address before it.
  ///
  /// The rules are those of huggingface_hub's `validate_repo_id`, with an owner. A name that ends as a model's file does
  /// is taken for a path.
  package init?(parsing text: String) {
    let address = ["https://huggingface.co/", "https://hf.co/"].first { text.hasPrefix($0) }
    let text = text.dropFirst(address?.count ?? 0)
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let names = parts[0].split(separator: "/", omittingEmptySubsequences: false)
    guard names.count == 2, names.allSatisfy(Self.isName), parts[0].utf8.count <= 96 else { return nil }
    let ending = names[1].split(separator: ".").last.map { $0.lowercased() } ?? ""
    guard names[1].firstIndex(of: ".") == nil || !Self.fileEndings.contains(ending) else { return nil }
    if parts.count == 2, !Self.isRevision(parts[1]) { return nil }
    self.init(String(parts[0]), revision: parts.count == 2 ? String(parts[1]) : nil)
  }

  private static let fileEndings: Set = ["bin", "gguf", "json", "onnx", "pt", "pth", "safetensors", "zip"]

  private static func isName(_ text: Substring) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard let first = text.utf8.first, let last = text.utf8.last, isPlain(first), isPlain(last) else {
      return false
    }
    return text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
      && !text.contains("--") && !text.contains("..")
  }

  /// What git allows in the name of a branch or tag, but for a few characters that nobody uses.
  private static func isRevision(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.count <= 120 && !text.contains("..") && !text.hasPrefix("/")
      && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"?*[]\\~^:@%#".utf8.contains($0) }
  }

  /// As a user writes it.
  package var description: String { revision.map { "\(name)@\($0)" } ?? name }

  /// Whether it names one commit, which never changes: a git hash written out.
  var isCommit: Bool {
    revision.map { $0.utf8.count == 40 && $0.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) } }
      ?? false
  }

  /// Its folder's name in the cache: `OWNER--NAME@REVISION`, without slashes.
  var folderName: String {
    description.replacing("/", with: "--", maxReplacements: 1).replacing("/", with: "%2F")
  }

  /// The repository that has this folder in the cache; nil for a folder of another kind.
  init?(folderName: String) {
    let parts = folderName.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts[0].contains("--") else { return nil }
    let revision = parts.count == 2 ? "@" + parts[1].replacing("%2F", with: "/") : ""
    self.init(parsing: parts[0].replacing("--", with: "/") + revision)
    guard self.folderName == folderName else { return nil }
  }
}
