// What a GPU can do at best, measured: the limits that speed is held against.

import CDevice

/// Measures by the GPU's own clock, each figure the best of a few runs.
package struct DeviceCeilings {
  private let stream: DeviceStream
  private let runs = 5

  package init(_ stream: DeviceStream) { self.stream = stream }

  /// Bytes a second, read and written together, of copies of `bytes` bytes within the GPU's memory.
  package func bandwidth(bytes: Int = 1 << 30) throws(DeviceError) -> Double {
    let device = stream.device
    let source = try device.makeBuffer(bytes: bytes, for: "measuring copies")
    let target = try device.makeBuffer(bytes: bytes, for: "measuring copies")
    try stream.fill(source)
    let seconds = try best { () throws(DeviceError) in try stream.copy(from: source, to: target, bytes: bytes)
    }
    return 2 * Double(bytes) / seconds
  }

  /// Operations a second of products in registers alone; a multiply and an add are two.
  package func operations(_ precision: DevicePrecision, rounds: Int = 4_096) throws(DeviceError) -> Double {
    let device = stream.device
    let threads = swiftlet_threads
    let blocks = 4 * device.multiprocessors
    let results = try device.makeBuffer(bytes: 4 * blocks * threads, for: "measuring products")
    let arguments = swiftlet_peak_arguments(c: results.address, rounds: Int32(rounds), reserved: 0)
    let seconds = try best { () throws(DeviceError) in
      try stream.launch(.peak(precision, arguments, blocks: blocks))
    }
    // A warp's round: 16 products of 16 by 16 by 8.
    return Double(blocks * threads / 32 * rounds) * 16 * 2 * 2_048 / seconds
  }

  /// Seconds that a kernel costs that does nothing, one of `count` in a graph.
  package func launchSeconds(count: Int = 100) throws(DeviceError) -> Double {
    // A capture can't compile it.
    try stream.launch(.nothing)
    let graph = try stream.capture { () throws(DeviceError) in
      for _ in 0..<count { try stream.launch(.nothing) }
    }
    return try best { () throws(DeviceError) in try stream.launch(graph) } / Double(count)
  }

  private func best(_ body: () throws(DeviceError) -> Void) throws(DeviceError) -> Double {
    let begin = try DeviceEvent(stream.device, isTimed: true)
    let end = try DeviceEvent(stream.device, isTimed: true)
    // The first run warms up.
    try body()
    var best = Double.infinity
    for _ in 0..<runs {
      try stream.record(begin)
      try body()
      try stream.record(end)
      try end.synchronize()
      best = min(best, try end.seconds(since: begin))
    }
    return best
  }
}
