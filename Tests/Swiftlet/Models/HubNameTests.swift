// Which texts name a repository of the Hugging Face hub, and the folders of the cache.

import Testing

@testable import Swiftlet

@Suite struct HubNameTests {
  @Test(arguments: [
    ("openai/whisper-small", "openai--whisper-small", "openai/whisper-small"),
    (
      "distil-whisper/distil-large-v3.5@main", "distil-whisper--distil-large-v3.5",
      "distil-whisper/distil-large-v3.5"
    ),
    ("A_b/C.d@refs/pr/3", "A_b--C.d@refs%2Fpr%2F3", "A_b/C.d@refs/pr/3"),
    ("https://hf.co/a/b", "a--b", "a/b"), ("models/bin", "models--bin", "models/bin"),
  ])
  func namesAndFolders(text: String, folder: String, name: String) throws {
    let repository = try #require(HubRepository(parsing: text))
    #expect(repository.folderName == folder)
    #expect(repository.description == name)
    #expect(HubRepository(folderName: folder) == repository)
  }

  @Test(
    arguments: [
      "tiny.en", "a", "/a/b", "./a", "../a", "~/a", "a/b/c", "a//b", "a/", "/b", "a--b/c", "a/b..c", "-a/b",
      "a/b-",
      "a/model.bin", "a/model.PT", "a/b@", "a/b@..", "a/b@x y", "a/b@a@b", "a/ü", "a b/c", "", "@", "a@b/c",
    ])
  func otherTexts(text: String) { #expect(HubRepository(parsing: text) == nil) }
}
