// Pulls from the real sources, only where SWIFTLET_TEST_NETWORK is set, and only by hand.

import Foundation
import Swiftlet
import Testing

/// These fetch hundreds of megabytes. `SWIFTLET_TEST_NETWORK` is a cache folder, which keeps what arrived.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["SWIFTLET_TEST_NETWORK"] != nil))
struct NetworkTests {
  @Test(arguments: ["tiny.en", "base"])
  func publishedModelsArrive(name: String) async throws {
    let folder = try #require(ProcessInfo.processInfo.environment["SWIFTLET_TEST_NETWORK"])
    let store = ModelStore(folder: URL(filePath: folder))
    let start = ContinuousClock.now
    let url = try await store.locate(name) { step in
      if case .downloading = step { return }
      print(ContinuousClock.now - start, step)
    }
    print(url.path, try FileManager.default.contentsOfDirectory(atPath: url.path))
  }

  @Test func aLargeFileIsNotHeldInMemory() async throws {
    let server = try await LocalServer()
    let size = 75_000_000
    let (store, model) = server.store([try server.file("plain", size, digest: .sha256(""))])
    let before = Self.peakMemory()
    await #expect(throws: ModelError.self) { try await store.fetch(model) }
    print("peak memory before and after, kB:", before, Self.peakMemory())
    #expect(Self.peakMemory() - before < 30_000)
  }

  /// Kilobytes, from Linux's /proc.
  private static func peakMemory() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
  }
}
