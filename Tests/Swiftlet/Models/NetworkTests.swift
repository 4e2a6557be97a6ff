// Pulls from the real sources, only where SWIFTLET_TEST_NETWORK is set, and only by hand.

import Foundation
import SwiftletTestSupport
import Testing

@testable import Swiftlet

/// These fetch hundreds of megabytes. `SWIFTLET_TEST_NETWORK` is a cache folder, which keeps what arrived.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["SWIFTLET_TEST_NETWORK"] != nil))
struct NetworkTests {
  @Test(arguments: ["tiny.en", "base"])
  func publishedModelsArrive(name: String) async throws {
    let folder = try #require(ProcessInfo.processInfo.environment["SWIFTLET_TEST_NETWORK"])
    let store = ModelStore(folder: URL(filePath: folder))
    let model = try #require(store.model(named: name))
    let url = try await store.pull(model)
    #expect(store.cached(model) == url)
    #expect(FileManager.default.subpaths(atPath: "\(folder)/partial/\(name)")?.isEmpty != false)
    let transcriber = try await Transcriber.load(url, store: ModelStore(folder: TestFolder.place("cache")))
    #expect(transcriber.isMultilingual == !name.hasSuffix(".en"))
    let text = try await transcriber.transcribe(.file(Fixtures.url("speech/LJ001-0002.wav"))).text
    #expect(text.contains("comparatively modern"))
  }

  @Test func aLargeFileIsNotHeldInMemory() async throws {
    let server = try await LocalServer()
    let size = 75_000_000
    let (store, model) = server.store([try server.file("plain", size, digest: .sha256(""))])
    let before = Self.peakMemory()
    await #expect(throws: ModelError.self) { try await store.fetch(model) }
    #expect(before > 0 && Self.peakMemory() - before < 30_000, "kB")
  }

  /// Kilobytes, from Linux's /proc.
  private static func peakMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }
}
