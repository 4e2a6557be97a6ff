// What is said about paths that hold no model, and how a folder's model is chosen.

import Foundation
import SwiftletCheckpoints
import SwiftletTestSupport
import Testing

@Suite struct OpeningTests {
  /// The error that opening gives, which must name the path.
  private func failure(_ url: URL) throws -> CheckpointError {
    let error = try #require(throws: CheckpointError.self) { try openCheckpoint(at: url) }
    #expect(error.description.contains(url.lastPathComponent), "\(error)")
    return error
  }

  @Test func missing() throws {
    let url = URL(filePath: "/nonexistent/model.bin")
    #expect(try failure(url) == .notFound(file: "/nonexistent/model.bin"))
  }

  @Test func folderWithoutModel() throws {
    let folder = TestFolder()
    guard case .noModelInFolder = try failure(folder.url) else { throw Unexpected() }
    _ = try folder.write(Data("hello".utf8), as: "notes.txt")
    guard case .noModelInFolder = try failure(folder.url) else { throw Unexpected() }
  }

  @Test func severalModels() throws {
    let folder = TestFolder()
    _ = try folder.write(Data([1]), as: "b.pt")
    _ = try folder.write(Data([1]), as: "a.bin")
    guard case .severalModels(_, ["a.bin", "b.pt"]) = try failure(folder.url) else { throw Unexpected() }
  }

  @Test func singleFileOfAnyName() throws {
    let folder = TestFolder()
    let source = CheckpointFixture.folder.appending(path: "openai-f16.pt")
    _ = try folder.write(Data(contentsOf: source), as: "my-own.pt")
    #expect(try openCheckpoint(at: folder.url).kind == .openAI)
  }

  /// Contents decide, not names.
  @Test func wrongExtension() throws {
    let folder = TestFolder()
    let source = CheckpointFixture.folder.appending(path: "ggml-f16.bin")
    let url = try folder.write(Data(contentsOf: source), as: "model.safetensors")
    #expect(try openCheckpoint(at: url).kind == .ggml)
    #expect(try openCheckpoint(at: folder.url).kind == .ggml)
  }

  @Test func empty() throws {
    let folder = TestFolder()
    guard case .emptyFile = try failure(folder.write(Data(), as: "model.bin")) else { throw Unexpected() }
  }

  @Test func device() throws {
    guard case .notAFile = try failure(URL(filePath: "/dev/zero")) else { throw Unexpected() }
  }

  @Test(arguments: [
    ("This is not a model.\nReally.", "text that begins with \"This is not a model.\""),
    ("<!DOCTYPE html><html>", "<!DOCTYPE html>"),
    ("version https://git-lfs.github.com/spec/v1\noid sha256:12", "git lfs pull"),
    ("GGUF\u{3}\0\0\0", "GGUF"),
    ("\u{7}\u{1}\u{2}xyz", "07 01 02 78"),
    ("x", "text that begins with \"x\""),
    (String(repeating: " ", count: 600), "20 20"),
    ("PK\u{3}\u{4} and then nothing of a zip file", "cut short"),
    ("lmgg", "cut short"),
    ("{\"weight_map\": {}}", "text"),
  ])
  func otherFiles(content: String, message: String) throws {
    let folder = TestFolder()
    let error = try failure(folder.write(Data(content.utf8), as: "model.bin"))
    #expect(error.description.contains(message), "\(error)")
  }

  @Test func oldPyTorchFormat() throws {
    let error = try failure(CheckpointFixture.folder.appending(path: "legacy.pt"))
    #expect(error.description.contains("torch.save"))
  }

  /// Loading this file with an unrestricted pickle would run a command of the shell.
  @Test func commandIsNotRun() throws {
    let error = try failure(CheckpointFixture.folder.appending(path: "command.pt"))
    guard case .refusedPickle(_, let what) = error else { throw Unexpected() }
    // `os` is spelt `posix` in pickles made on Unix.
    #expect(what == "posix.system")
    #expect(error.description.contains("refuses to run posix.system"))
  }

  @Test func configurationIsNeeded() throws {
    let folder = TestFolder()
    let source = CheckpointFixture.folder.appending(path: "hf-f16/model.safetensors")
    _ = try folder.write(Data(contentsOf: source), as: "model.safetensors")
    let error = try #require(throws: CheckpointError.self) { try openCheckpoint(at: folder.url) }
    guard case .missingCompanion(_, let needed) = error else { throw Unexpected() }
    #expect(needed.hasSuffix("config.json"))
  }

  /// Every error is a sentence that says something; none is left to the compiler's rendering of an enum.
  @Test func everyErrorNamesTheFile() {
    let file = "/models/a.bin"
    let errors: [CheckpointError] = [
      .notFound(file: file), .unreadable(file: file, reason: "r"), .notAFile(file: file),
      .emptyFile(file: file),
      .noModelInFolder(folder: file), .severalModels(folder: file, found: ["x"]),
      .unrecognizedFormat(file: file, beginning: "b"), .notWhisper(file: file, found: "f"),
      .truncated(file: file, what: "w", needed: 2, available: 1), .malformed(file: file, reason: "r"),
      .unsupported(file: file, what: "w", advice: "a"), .unsupportedType(tensor: "t", type: "y", file: file),
      .refusedPickle(file: file, what: "w"), .missingCompanion(file: file, needed: "n"),
      .duplicateTensor(name: "n", file: file), .missingTensor(name: "n", file: file),
      .unexpectedTensor(name: "n", file: file), .wrongShape(name: "n", found: [1], expected: [2], file: file),
      .badDimension(name: "n", value: "0", reason: "r", file: file), .noSuchTensor(name: "n", file: file),
    ]
    for error in errors { #expect(error.description.contains(file)) }
    #expect(Set(errors.map(\.description)).count == errors.count)
  }
}

/// Another error than the one that the test is about.
struct Unexpected: Error {}
