// Keys and values on a GPU: the slots of one allocation, and what is in them.

import CDevice
import Foundation
import SwiftletDevice

/// Keys and values of one sequence or of one window.
final class DeviceStore: KeyValueStore {
  fileprivate let slots: DeviceSlots
  fileprivate let id: Int
  /// What the positions of a window are, once it has been listened to; for the network's thread.
  var plan: EncoderPositions?

  init(in slots: DeviceSlots) {
    self.slots = slots
    id = slots.add()
  }

  deinit { slots.remove(id) }

  func rewind(to position: Int) { slots.rewind(id, to: position) }

  func copy(from other: any KeyValueStore, after shared: Int) {
    slots.fork(from: other.onDevice(slots).id, to: id, after: shared)
  }
}

extension KeyValueStore {
  /// A store of these slots, which those of the same network are.
  func onDevice(_ slots: DeviceSlots) -> DeviceStore {
    guard let store = self as? DeviceStore, store.slots === slots else {
      preconditionFailure("keys and values of another network")
    }
    return store
  }
}

/// One allocation, `[slots][layers][positions]` of keys and values.
///
/// There may be more stores than slots: what was not used for the longest time then waits in the host's memory. Any thread makes
/// stores, rewinds its own and gives them up; everything else is for the network's thread.
final class DeviceSlots: @unchecked Sendable {
  let memory: DeviceBuffer
  let count: Int
  private let layers: Int
  private let positions: Int
  private let positionBytes: Int
  private let jobs: DeviceBuffer
  private let stream: DeviceStream

  private let lock = NSLock()
  private var entries: [Int: Entry] = [:]
  private var free: [Int]
  private var nextID = 0
  /// Copies that are made before any slot is used again.
  private var forks: [Fork] = []
  private var uses = 0

  private struct Entry {
    var slot: Int?
    /// Positions that hold something.
    var count = 0
    /// What is in no slot: `[layers][positions]`.
    var parked: (memory: HostBuffer, positions: Int)?
    var lastUse = 0
    /// Whether it is only there for a fork that has not been made.
    var isGivenUp = false
  }

  private struct Fork {
    var from: Int
    var to: Int
    var positions: Range<Int>
  }

  /// Forks of one launch.
  private static let jobsAtOnce = 64

  /// - Parameters:
  ///   - channels: of a position's keys and values together.
  ///   - purpose: what the memory is for.
  init(
    count: Int, layers: Int, positions: Int, channels: Int, _ precision: DevicePrecision, for purpose: String,
    stream: DeviceStream
  ) throws(DeviceError) {
    let device = stream.device
    self.count = count
    self.layers = layers
    self.positions = positions
    positionBytes = channels * precision.bytes
    memory = try device.makeBuffer(bytes: count * layers * positions * positionBytes, for: purpose)
    jobs = try device.makeBuffer(
      bytes: Self.jobsAtOnce * MemoryLayout<swiftlet_copy_job>.stride, for: purpose)
    self.stream = stream
    free = Array((0..<count).reversed())
  }

  /// Where a layer's keys and values begin, in the first slot.
  func address(layer: Int) -> UInt64 { memory.address + UInt64(layer * positions * positionBytes) }

  // MARK: Stores

  fileprivate func add() -> Int {
    lock.withLock {
      nextID += 1
      entries[nextID] = Entry()
      return nextID
    }
  }

  fileprivate func remove(_ id: Int) {
    lock.withLock {
      if forks.contains(where: { $0.from == id || $0.to == id }) {
        entries[id]?.isGivenUp = true
      } else {
        forget(id)
      }
    }
  }

  private func forget(_ id: Int) {
    if let slot = entries.removeValue(forKey: id)?.slot { free.append(slot) }
  }

  fileprivate func rewind(_ id: Int, to position: Int) {
    lock.withLock {
      entries[id]?.count = position
      if needed(id) == 0 { entries[id]?.parked = nil }
    }
  }

  fileprivate func fork(from: Int, to: Int, after shared: Int) {
    lock.withLock {
      let end = entries[from]?.count ?? 0
      entries[to]?.count = end
      if shared < end { forks.append(Fork(from: from, to: to, positions: shared..<end)) }
    }
  }

  /// Positions that the store itself or a fork that has not been made needs.
  private func needed(_ id: Int) -> Int {
    forks.reduce(entries[id]?.count ?? 0) { $1.from == id ? max($0, $1.positions.upperBound) : $0 }
  }

  // MARK: Slots

  /// The slots of stores, with what was in them; those that had none get one.
  ///
  /// - Parameters:
  ///   - stores: no more than there are slots.
  ///   - counts: how many positions each is going to hold.
  /// - Returns: for each store its slot, and whether it is new to it.
  func place(
    _ stores: [DeviceStore], counts: [Int]
  ) throws(DeviceError) -> [(slot: Int, isNew: Bool)] {
    lock.lock()
    defer { lock.unlock() }
    try makeForks()
    let placed = try place(stores.map(\.id))
    for (store, count) in zip(stores, counts) { entries[store.id]?.count = count }
    return placed
  }

  private func place(_ ids: [Int]) throws(DeviceError) -> [(slot: Int, isNew: Bool)] {
    uses += 1
    for id in ids { entries[id]?.lastUse = uses }
    var placed: [(slot: Int, isNew: Bool)] = []
    for id in ids {
      if let slot = entries[id]?.slot {
        placed.append((slot, false))
      } else {
        let slot = try emptySlot()
        entries[id]?.slot = slot
        try restore(id, to: slot)
        placed.append((slot, true))
      }
    }
    return placed
  }

  private func emptySlot() throws(DeviceError) -> Int {
    if let slot = free.popLast() { return slot }
    let idle = entries.filter { $0.value.slot != nil && $0.value.lastUse < uses }
    guard let (id, entry) = idle.min(by: { $0.value.lastUse < $1.value.lastUse }), let slot = entry.slot
    else {
      preconditionFailure("more stores at once than slots")
    }
    let count = needed(id)
    if count > 0 {
      let bytes = count * positionBytes
      let parked = try stream.device.makeHostBuffer(bytes: layers * bytes)
      for layer in 0..<layers {
        try stream.copy(
          from: memory, sourceOffset: (slot * layers + layer) * positions * positionBytes, to: parked,
          targetOffset: layer * bytes, bytes: bytes)
      }
      try stream.synchronize()
      entries[id]?.parked = (parked, count)
    }
    entries[id]?.slot = nil
    return slot
  }

  private func restore(_ id: Int, to slot: Int) throws(DeviceError) {
    guard let (parked, count) = entries[id]?.parked else { return }
    let bytes = count * positionBytes
    for layer in 0..<layers {
      try stream.copy(
        from: parked, sourceOffset: layer * bytes, to: memory,
        targetOffset: (slot * layers + layer) * positions * positionBytes, bytes: bytes)
    }
    try stream.synchronize()
    entries[id]?.parked = nil
  }

  /// Copies what forks have in common, in the order in which they were asked for.
  private func makeForks() throws(DeviceError) {
    guard !forks.isEmpty else { return }
    defer {
      forks.removeAll(keepingCapacity: true)
      for (id, entry) in entries where entry.isGivenUp { forget(id) }
    }
    var launch: [swiftlet_copy_job] = []
    for fork in forks {
      let areThere = entries[fork.from]?.slot != nil && entries[fork.to]?.slot != nil
      // Placing may move others, and jobs of one launch run in any order.
      if !areThere || launch.count == Self.jobsAtOnce { try copy(&launch) }
      let slots = try place([fork.from, fork.to])
      let (from, to) = (Int32(slots[0].slot), Int32(slots[1].slot))
      if launch.contains(where: { $0.to == from || $0.to == to || $0.from == to }) { try copy(&launch) }
      launch.append(
        swiftlet_copy_job(
          from: from, to: to, first: Int32(fork.positions.lowerBound), end: Int32(fork.positions.upperBound)))
    }
    try copy(&launch)
  }

  private func copy(_ launch: inout [swiftlet_copy_job]) throws(DeviceError) {
    guard let longest = launch.map({ Int($0.end - $0.first) }).max() else { return }
    try upload(launch, to: jobs, stream)
    let layerBytes = UInt64(positions * positionBytes)
    try stream.launch(
      .copyCache(
        swiftlet_copy_arguments(
          cache: memory.address, jobs: jobs.address, slot_bytes: UInt64(layers) * layerBytes,
          layer_bytes: layerBytes, position_bytes: UInt64(positionBytes)),
        jobs: launch.count, layers: layers, longest: longest))
    launch.removeAll(keepingCapacity: true)
  }
}
