// The process that forks, as the server sees it.

#if Server
import CSandbox
import Dispatch
import Foundation
import Swiftlet
import Synchronization

/// A running process of ``MediaProcess``; it ends when this is closed or released.
final class MediaHost: Sendable {
  private struct State {
    var greeting: MediaGreeting?
    var hasEnded = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let socket: Descriptor
  let process: pid_t
  private let state = Mutex(State())
  /// Messages must not be mixed up.
  private let sending = Mutex(())

  /// This program, even where its file was replaced since it was started.
  static var thisProgram: URL {
    #if os(Linux)
    URL(filePath: "/proc/self/exe")
    #else
    Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
    #endif
  }

  /// Starts it.
  init(_ executable: URL) throws {
    var ends: [Int32] = [-1, -1]
    let failure = swiftlet_socket_pair(&ends)
    guard failure == 0 else { throw Self.error(failure) }
    socket = Descriptor(ends[0])
    let remote = Descriptor(ends[1])
    process = try Self.spawn(executable, socket: remote.number)
    let process = self.process
    do {
      try DescriptorWatch.shared.whenReadable(socket) { [weak self] in
        if self?.receive() ?? false { return true }
        // It ends with the socket, and must not be left as a zombie.
        DispatchQueue.global().async {
          var status: Int32 = 0
          while waitpid(process, &status, 0) < 0, errno == EINTR {}
        }
        return false
      }
    } catch {
      kill(process, SIGKILL)
      throw Self.error(Int32(error.errorCode))
    }
  }

  deinit { hangUp() }

  /// Both ends learn of it.
  private func hangUp() { shutdown(socket.number, Int32(SHUT_RDWR)) }

  private static func error(_ number: Int32) -> SwiftletError {
    SwiftletError(
      .decoderUnavailable,
      "The process that decodes audio can't be started: \(String(cString: strerror(number))).")
  }

  private static func spawn(_ executable: URL, socket: Int32) throws -> pid_t {
    let path = executable.path(percentEncoded: false)
    let arguments = strings(["swiftlet", MediaProcess.argument])
    let variables = strings(environment.map { "\($0)=\($1)" })
    defer { for string in arguments + variables { free(string) } }
    var process = pid_t()
    let failure = swiftlet_spawn(path, arguments, variables, socket, &process)
    guard failure == 0 else { throw error(failure) }
    return process
  }

  private static func strings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var strings: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    strings.append(nil)
    return strings
  }

  /// Nothing of the server's, but where its libraries are.
  private static var environment: [String: String] {
    let kept = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS"]
    var variables = ProcessInfo.processInfo.environment.filter { kept.contains($0.key) }
    // Bound once, and not by every fork.
    variables["LD_BIND_NOW"] = "1"
    variables["SWIFT_BACKTRACE"] = "enable=no"
    return variables
  }

  // MARK: Talking

  var hasEnded: Bool { state.withLock { $0.hasEnded } }

  /// What it said of itself; no layers before ``isReady()``.
  var greeting: MediaGreeting { state.withLock { $0.greeting } ?? MediaGreeting(layers: []) }

  /// Waits until it takes orders; false if it ended before that.
  func isReady() async throws -> Bool {
    await withCheckedContinuation { continuation in
      let mustWait = state.withLock { state in
        let mustWait = state.greeting == nil && !state.hasEnded
        if mustWait { state.waiting.append(continuation) }
        return mustWait
      }
      if !mustWait { continuation.resume() }
    }
    return state.withLock { $0.greeting != nil }
  }

  /// - Throws: ``DecoderLost`` if it does not run any more.
  func send(_ order: MediaOrder, descriptors: [Int32] = []) throws {
    let bytes = try JSONEncoder().encode(order)
    let failure = sending.withLock { _ in
      bytes.withUnsafeBytes {
        swiftlet_send_message(
          socket.number, $0.baseAddress, UInt32($0.count), descriptors, Int32(descriptors.count))
      }
    }
    guard failure == 0 else { throw DecoderLost() }
  }

  /// Ends it, and what it decodes.
  func close() {
    resume { $0.hasEnded = true }
    hangUp()
  }

  /// - Returns: whether there may be more.
  private func receive() -> Bool {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    var none: Int32 = 0
    let count = swiftlet_receive_message(socket.number, &bytes, UInt32(bytes.count), nil, &none)
    guard count > 0,
      let greeting = try? JSONDecoder().decode(MediaGreeting.self, from: Data(bytes[..<Int(count)]))
    else {
      close()
      return false
    }
    resume { $0.greeting = greeting }
    return true
  }

  private func resume(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
#endif
