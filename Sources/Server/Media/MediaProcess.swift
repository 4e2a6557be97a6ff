// The process that decodes untrusted media: it forks for each file, so that a decoder that crashes or is taken over harms nobody.

#if Server
import CSandbox
import Foundation
import Swiftlet

/// The tool, started with ``argument`` and a socket as standard input, in the place of everything else that it does.
package enum MediaProcess {
  /// What the tool is started with.
  static let argument = "--decode-media"

  /// Decodes media until the socket is closed and ends the process, if that is what it was started for. Must be called before
  /// anything else, while the process has one thread.
  package static func runIfAsked() {
    guard CommandLine.argc == 2, let word = CommandLine.unsafeArgv[1], strcmp(word, argument) == 0 else {
      return
    }
    serve(socket: STDIN_FILENO)
  }

  private static func serve(socket: Int32) -> Never {
    swiftlet_close_from(3)
    signal(SIGPIPE, SIG_IGN)
    // Where threads can be counted, a fork of several would be a gamble.
    guard swiftlet_thread_count() <= 1 else { exit(EX_SOFTWARE) }
    MediaFork.prepare()
    var layers = swiftlet_isolate()
    swiftlet_watch_children()
    layers |= triedLayers()
    send(MediaGreeting(layers: SandboxLayer.set(layers)), to: socket)

    var children: [pid_t: (number: Int, status: Int32)] = [:]
    while true {
      reap(&children)
      guard swiftlet_await(socket) == 1 else { continue }
      var descriptors: [Int32] = [-1, -1, -1]
      guard let order = receive(MediaOrder.self, from: socket, &descriptors) else { break }
      if case .cancel(let number) = order {
        for (process, child) in children where child.number == number { kill(process, SIGKILL) }
        continue
      }
      guard descriptors.count == 3 else { continue }
      let process = swiftlet_fork()
      if process == 0 {
        MediaFork.run(order, input: descriptors[0], output: descriptors[1], status: descriptors[2])
      }
      close(descriptors[0])
      close(descriptors[1])
      if process > 0 {
        children[process] = (order.number, descriptors[2])
      } else {
        close(descriptors[2])
      }
    }
    // Where the system does not do it by itself.
    for process in children.keys { kill(process, SIGKILL) }
    exit(0)
  }

  private static func reap(_ children: inout [pid_t: (number: Int, status: Int32)]) {
    var ended = swiftlet_exit()
    while swiftlet_reap(&ended) {
      guard let child = children.removeValue(forKey: ended.process) else { continue }
      let status = MediaStatus.ended(
        signal: ended.signal, code: ended.code, processorTime: ended.cpu_seconds, memory: Int(ended.memory))
      // Behind whatever the fork left unfinished. It must not block where nobody reads.
      let line = [UInt8(ascii: "\n")] + status.line
      _ = swiftlet_send_some(child.status, line, UInt64(line.count))
      close(child.status)
    }
  }

  /// The layers that only a fork can have, found out by one.
  private static func triedLayers() -> Int32 {
    let process = swiftlet_fork()
    if process == 0 {
      let limited = MediaFork.limit(MediaLimits()) == 0
      let filtered = limited && swiftlet_filter() == 0
      _exit(
        Int32((limited ? swiftlet_layer_limits : 0) | (filtered ? swiftlet_layer_filter : 0)))
    }
    guard process > 0 else { return 0 }
    var ended = swiftlet_exit()
    while !swiftlet_reap(&ended) { _ = swiftlet_await(-1) }
    return ended.signal == 0 ? ended.code : 0
  }

  private static func send(_ message: some Encodable, to socket: Int32) {
    guard let bytes = try? JSONEncoder().encode(message) else { return }
    bytes.withUnsafeBytes { _ = swiftlet_send_message(socket, $0.baseAddress, UInt32($0.count), nil, 0) }
  }

  private static func receive<Message: Decodable>(
    _ type: Message.Type, from socket: Int32, _ descriptors: inout [Int32]
  ) -> Message? {
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    var count = Int32(descriptors.count)
    let received = swiftlet_receive_message(socket, &bytes, UInt32(bytes.count), &descriptors, &count)
    guard received > 0 else { return nil }
    descriptors.removeLast(descriptors.count - Int(count))
    return try? JSONDecoder().decode(type, from: Data(bytes[..<Int(received)]))
  }
}

extension MediaOrder {
  var number: Int {
    switch self {
    case .decode(_, let number), .attempt(_, _, let number), .cancel(let number): number
    }
  }
}

extension MediaStatus {
  /// As it is sent.
  var line: [UInt8] { ((try? JSONEncoder().encode(self)).map(Array.init) ?? []) + [UInt8(ascii: "\n")] }
}

extension SandboxLayer {
  static func set(_ bits: Int32) -> Set<SandboxLayer> {
    let all: [(Int, SandboxLayer)] = [
      (swiftlet_layer_limits, .limits), (swiftlet_layer_filter, .filter), (swiftlet_layer_network, .network),
      (swiftlet_layer_root, .root), (swiftlet_layer_user, .user),
    ]
    return Set(all.filter { Int(bits) & $0.0 != 0 }.map(\.1))
  }
}
#endif
