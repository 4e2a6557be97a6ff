// The bytes of a file, a pipe, standard input or memory, read without ever blocking past a cancellation.

package import Foundation
import SwiftletFiles

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Where the bytes of a recording are.
package enum MediaLocation: Sendable {
  case file(path: String)
  case standardInput
  /// What is open already and stays open, from where it is; and its name for messages, whose ending may tell the format.
  case descriptor(Int32, name: String)
  /// A whole file in memory, and its name for messages, whose ending may tell the format.
  case memory(Data, name: String)

  /// For messages.
  package var name: String {
    switch self {
    case .file(let path): path.displayedPath
    case .standardInput: "standard input"
    case .descriptor(_, let name), .memory(_, let name): name
    }
  }

  /// What FFmpeg is told of the name.
  var path: String {
    switch self {
    case .file(let path): path
    case .standardInput: ""
    case .descriptor(_, let name), .memory(_, let name): name
    }
  }
}

/// Reads an open file descriptor or memory: in any order where the system can, otherwise forwards, with a look ahead.
///
/// What it shows can differ from the file in a few bytes: a header that lies about its data is shown as it should be
/// (see ``WaveHeader``).
final class ByteSource {
  /// Bytes that are shown instead of those in the file.
  struct Patch {
    var offset: Int
    var bytes: [UInt8]
  }

  /// Bytes in all; nil for a pipe.
  private(set) var size: Int?
  var isSeekable: Bool { size != nil }
  var patches: [Patch] = []
  /// Asked when all of these bytes have been read, with a look at what follows: whether the source ends here.
  var end: (offset: Int, isReached: (_ following: [UInt8]) -> Bool)?

  private let descriptor: Int32
  private let isOwned: Bool
  /// The bytes, if they are in memory.
  private let memory: Data?
  /// Where in the file the bytes begin: standard input may have been read in part.
  private let base: Int
  private let isCancelled: () -> Bool
  private(set) var position = 0
  /// Of a pipe, the first bytes, which can't be read again.
  private(set) var beginning: [UInt8] = []
  private static let beginningLength = 64 << 10
  /// What was read ahead, from `position` on.
  private var ahead: ArraySlice<UInt8> = []
  private var hasEnded = false

  /// - Parameters:
  ///   - name: for messages.
  ///   - isCancelled: asked while a pipe has nothing to give.
  init(_ location: MediaLocation, name: String, isCancelled: @escaping () -> Bool) throws(AudioError) {
    self.isCancelled = isCancelled
    switch location {
    case .memory(let data, _):
      (descriptor, isOwned, memory, base, size) = (-1, false, data, 0, data.count)
      if data.isEmpty { throw .empty(file: name) }
      return
    case .standardInput: (descriptor, isOwned) = (STDIN_FILENO, false)
    case .descriptor(let open, _): (descriptor, isOwned) = (open, false)
    case .file(let path):
      (descriptor, isOwned) = (path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }, true)
    }
    memory = nil
    guard descriptor >= 0 else { throw .unreadable(errno, file: name) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else {
      let error = errno
      if isOwned { close(descriptor) }
      throw .unreadable(error, file: name)
    }
    if information.st_mode & S_IFMT == S_IFDIR {
      if isOwned { close(descriptor) }
      throw .isDirectory(file: name)
    }
    let offset = lseek(descriptor, 0, SEEK_CUR)
    base = max(0, Int(offset))
    if information.st_mode & S_IFMT == S_IFREG, offset >= 0 { size = max(0, Int(information.st_size) - base) }
    // From here on, whatever is thrown, the file is closed when this is released.
    if try peek(1, name).isEmpty { throw .empty(file: name) }
  }

  deinit { if isOwned { close(descriptor) } }

  /// The next bytes, as many as there are up to `count`; they will be read again.
  func peek(_ count: Int, _ name: String) throws(AudioError) -> [UInt8] {
    if isSeekable { return bytes(at: position, count) }
    var buffer = [UInt8](repeating: 0, count: max(4_096, count))
    while ahead.count < count, !hasEnded {
      let room = buffer.count
      let received = buffer.withUnsafeMutableBytes { receive($0, room) }
      if received < 0 {
        if isCancelled() { throw .cancelled(file: name) }
        throw .unreadable(Int32(-received), file: name)
      }
      if received == 0 { hasEnded = true }
      remember(buffer[..<received])
      ahead += buffer[..<received]
    }
    return Array(ahead.prefix(count))
  }

  /// Bytes of a file, as many as there are up to `count`, whatever the position is.
  func bytes(at offset: Int, _ count: Int) -> [UInt8] {
    guard let size, offset >= 0, offset < size else { return [] }
    let wanted = min(count, size - offset)
    if let memory {
      let start = memory.startIndex + offset
      return Array(memory[start..<start + wanted])
    }
    return [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted {
        let received = pread(
          descriptor, buffer.baseAddress?.advanced(by: filled), wanted - filled, off_t(base + offset + filled)
        )
        if received < 0, errno == EINTR { continue }
        guard received > 0 else { return }
        filled += received
      }
    }
  }

  /// Fills `buffer` as far as it can at once.
  ///
  /// - Returns: how many bytes; 0 at the end; the negative error number if reading failed or was cancelled.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    if isCancelled() { return -Int(ECANCELED) }
    var wanted = buffer.count
    if let end {
      if position >= end.offset {
        guard let following = try? peek(WaveHeader.chunkHeaderLength, "") else {
          return -Int(isCancelled() ? ECANCELED : EIO)
        }
        if following.isEmpty || end.isReached(following) { return 0 }
        self.end = nil
      } else {
        wanted = min(wanted, end.offset - position)
      }
    }
    let count = fill(buffer, wanted)
    if count > 0 { show(patches, in: buffer, count) }
    if count > 0 { position += count }
    return count
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer, _ wanted: Int) -> Int {
    if let size {
      let wanted = min(wanted, size - position)
      guard wanted > 0 else { return 0 }
      if let memory {
        let start = memory.startIndex + position
        buffer.copyBytes(from: memory[start..<start + wanted])
        return wanted
      }
      while true {
        let received = pread(descriptor, buffer.baseAddress, wanted, off_t(base + position))
        if received >= 0 { return received }
        if errno != EINTR { return -Int(errno) }
      }
    }
    guard ahead.isEmpty else {
      let count = min(wanted, ahead.count)
      buffer.copyBytes(from: ahead.prefix(count))
      ahead = ahead.dropFirst(count)
      return count
    }
    let received = hasEnded ? 0 : receive(buffer, wanted)
    if received > 0 { remember(buffer[..<received]) }
    return received
  }

  /// Moves to another position; false where that can't be.
  func seek(to position: Int) -> Bool {
    guard isSeekable, position >= 0 else { return false }
    self.position = position
    return true
  }

  /// Hides what comes after the first `count` bytes of a file.
  func cut(to count: Int) { size = size.map { min($0, count) } }

  /// Reads a pipe once it has something to give; it may take for ever, and a cancellation ends the waiting.
  private func receive(_ buffer: UnsafeMutableRawBufferPointer, _ count: Int) -> Int {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
      if isCancelled() { return -Int(ECANCELED) }
      let ready = poll(&waiting, 1, 100)
      if ready == 0 || (ready < 0 && errno == EINTR) { continue }
      let received = Self.systemRead(descriptor, buffer.baseAddress, count)
      if received >= 0 { return received }
      // Another process may have made the pipe nonblocking.
      if errno != EINTR, errno != EAGAIN { return -Int(errno) }
    }
  }

  private func remember(_ bytes: some Collection<UInt8>) {
    if beginning.count < Self.beginningLength {
      beginning += bytes.prefix(Self.beginningLength - beginning.count)
    }
  }

  private func show(_ patches: [Patch], in buffer: UnsafeMutableRawBufferPointer, _ count: Int) {
    for patch in patches {
      for (index, byte) in patch.bytes.enumerated() {
        let place = patch.offset + index - position
        if place >= 0, place < count { buffer[place] = byte }
      }
    }
  }

  private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int
  {
    #if canImport(Glibc)
    Glibc.read(descriptor, buffer, count)
    #elseif canImport(Musl)
    Musl.read(descriptor, buffer, count)
    #else
    Darwin.read(descriptor, buffer, count)
    #endif
  }
}
