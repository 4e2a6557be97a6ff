// What a decoder that was taken over can't do, and what its end leaves behind.

#if Server
import Foundation
import Swiftlet
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@testable import SwiftletServer

@Suite struct SandboxTests {
  private let folder = TestFolder()
  private let file = Fixtures.url("speech/LJ001-0001.wav")

  /// Attempts and what becomes of them where system calls are filtered: an error, or the end.
  private static let attempts: [(String, Int32?)] = [
    ("open", EPERM), ("create", EPERM), ("remove", EPERM), ("fork", EPERM), ("kill", EPERM),
    ("descriptor", EPERM),
    ("code", EPERM), ("protect", EPERM), ("user", EPERM), ("memory", ENOMEM), ("socket", nil), ("exec", nil),
    ("trace", nil), ("namespace", nil),
  ]

  @Test func theSandboxForbidsWhatNoDecoderNeeds() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let layers = try await decoder.start()
    #expect(layers.isSuperset(of: [.limits, .user]))
    #if os(Linux)
    #expect(layers.contains(.filter))
    #endif
    guard layers.contains(.filter) else { return }
    for (attempt, expected) in Self.attempts {
      if let expected {
        #expect(try await decoder.attempt(attempt) == expected, "\(attempt)")
      } else {
        let error = await #expect(throws: SwiftletError.self, "\(attempt)") {
          try await decoder.attempt(attempt)
        }
        #expect(error?.code == .decoderCrashed && error?.message.contains("signal \(SIGSYS)") == true)
      }
    }
    // Nothing can even be asked of files.
    if layers.contains(.root) { #expect([ENOENT, EACCES].contains(try await decoder.attempt("status"))) }
    await decoder.stop()
  }

  @Test func aCrashHarmsNobodyElse() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let bytes = Array(try Data(contentsOf: file))
    let feed = try MediaFeed()
    let opening = Task { try await decoder.decode(MediaRequest(.feed(feed), name: "feed.wav")) }
    try await feed.write(bytes[..<300_000])
    let host = try await decoder.processIdentifier
    for (crash, signal) in [("crash", SIGSEGV), ("abort", SIGABRT)] {
      let error = await #expect(throws: SwiftletError.self) { try await decoder.attempt(crash) }
      #expect(error?.code == .decoderCrashed && error?.message.contains("signal \(signal)") == true)
    }
    try await feed.write(bytes[300_000...])
    feed.finish()
    let expected = await Heard.here(file).channels
    #expect(await Heard(try await opening.value.sound).channels == expected)
    #expect(await decoder.sound(of: file).channels == expected)
    #expect(try await decoder.processIdentifier == host)
    await decoder.stop()
  }

  /// One that was taken over can say to the server whatever it likes.
  @Test func whatADecoderSaysIsNotBelieved() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let babble = await #expect(throws: SwiftletError.self) { try await decoder.attempt("babble") }
    #expect(babble?.code == .decoderCrashed)
    try await expectNoChildren(of: decoder)
    let lie = try await decoder.attempting("lie")
    #expect(await Heard(lie.sound).code == .decoderCrashed)
    await decoder.stop()
  }

  @Test func aProcessThatIsKilledIsStartedAgain() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let expected = await Heard.here(file)
    for _ in 0..<3 {
      let feed = try MediaFeed()
      let opening = Task { try await decoder.decode(MediaRequest(.feed(feed), name: "feed.wav")) }
      try await feed.write(Array(try Data(contentsOf: file)).prefix(300_000))
      let sound = try await opening.value.sound
      kill(try await decoder.processIdentifier, SIGKILL)
      #expect(await Heard(sound).code == .decoderUnavailable)
      #expect(await decoder.sound(of: file) == expected)
    }
    // And without a program, there is an error.
    let broken = MediaDecoder(folder: folder.url, executable: URL(filePath: "/nowhere"))
    #expect(await broken.sound(of: file).code == .decoderUnavailable)
    let other = MediaDecoder(folder: folder.url, executable: URL(filePath: "/bin/true"))
    #expect(await other.sound(of: file).code == .decoderUnavailable)
    await decoder.stop()
    #expect(await decoder.sound(of: file).error == "CancellationError()")
  }

  @Test func whatIsCancelledEnds() async throws {
    let decoder = MediaDecoder.forTests(in: folder, concurrency: 1)
    let feed = try MediaFeed()
    let opening = Task { try await decoder.decode(MediaRequest(.feed(feed), name: "feed.wav")) }
    try await feed.write(Array(try Data(contentsOf: file)).prefix(300_000))
    let media = try await opening.value
    let listener = Task { await Heard(media.sound) }
    let other = Task { try await media.summary }
    try await Task.sleep(for: .milliseconds(20))
    listener.cancel()
    #expect(await listener.value.error == "CancellationError()")
    #expect(try await children(of: decoder) == 1)
    media.cancel()
    await #expect(throws: CancellationError.self) { try await other.value }
    try await expectNoChildren(of: decoder)

    // Those that wait for their turn.
    let tasks = (0..<40).map { _ in
      Task { try await decoder.decode(MediaRequest(.file(path: file.path), name: "x")) }
    }
    for task in tasks.dropFirst(3) { task.cancel() }
    var ended = 0
    for task in tasks { if (try? await task.value) != nil { ended += 1 } }
    #expect(ended >= 3)
    #expect(await decoder.sound(of: file).error == nil)
    await decoder.stop()
  }

  /// Nobody but a released handle says that the sound is not wanted any more.
  @Test func whatNobodyHoldsEnds() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    let feed = try MediaFeed()
    do {
      let opening = Task { try await decoder.decode(MediaRequest(.feed(feed), name: "feed.wav")) }
      try await feed.write(Array(try Data(contentsOf: file)).prefix(300_000))
      _ = try await opening.value.channelCount
      #expect(try await children(of: decoder) == 1)
    }
    try await expectNoChildren(of: decoder)
    await decoder.stop()
  }

  #if os(Linux)
  @Test func nothingIsLeftBehind() async throws {
    let decoder = MediaDecoder.forTests(in: folder)
    _ = await decoder.sound(of: file)
    let process = try await decoder.processIdentifier
    try await expectNoChildren(of: decoder)
    func openFiles(_ process: String) -> Int {
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd"))?.count ?? -1
    }
    let inside = openFiles("\(process)")
    let good = await Heard.here(file).channels
    try await withThrowingTaskGroup { group in
      for number in 0..<(TestTier.isFast ? 60 : 500) {
        group.addTask {
          switch number % 5 {
          case 0: _ = try? await decoder.attempt("crash")
          case 1: #expect(await decoder.sound(of: Fixtures.url("audio/text.wav")).code == .unreadableAudio)
          case 2:
            let feed = try MediaFeed()
            let task = Task { try await decoder.decode(MediaRequest(.feed(feed), name: "feed.wav")) }
            try await feed.write([1, 2, 3])
            task.cancel()
            _ = await task.result
          default: #expect(await decoder.sound(of: file).channels == good)
          }
        }
        if number % 16 == 15 { try await group.waitForAll() }
      }
    }
    try await expectNoChildren(of: decoder)
    #expect(try await decoder.processIdentifier == process)
    for _ in 0..<200 where openFiles("\(process)") > inside { try await Task.sleep(for: .milliseconds(10)) }
    #expect(openFiles("\(process)") == inside)
    #expect(try folder.names.isEmpty)
    await decoder.stop()
    for _ in 0..<200 where kill(process, 0) == 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(kill(process, 0) == -1)
  }
  #endif

  private func children(of decoder: MediaDecoder) async throws -> Int {
    let process = try await decoder.processIdentifier
    let children = try String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
    return children.split(separator: " ").count
  }

  private func expectNoChildren(of decoder: MediaDecoder) async throws {
    for _ in 0..<200 where try await children(of: decoder) > 0 {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(try await children(of: decoder) == 0)
  }
}
#endif
