// Locks between processes.

import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An exclusive `flock` on a file made for it. The system lets go of it when the process ends, however it ends, so nothing
/// is ever left locked.
///
/// The file is removed when the lock is released. Whoever gets the lock of a file that was removed meanwhile holds nothing,
/// so it tries again with the one that now has the name.
struct FileLock {
  private let handle: FileHandle
  private let file: URL
  /// Between two attempts.
  private static let pause = 0.1

  /// Waits until nobody else holds the lock; `waiting` is called once if that takes time.
  ///
  /// - Throws: `ModelError.cannotWrite` if the file cannot be made; `cancelled` if the task is.
  init(_ file: URL, model: String, waiting: () -> Void) async throws(ModelError) {
    var isFirst = true
    while true {
      if let lock = try Self.attempt(file) {
        self = lock
        return
      }
      if isFirst { waiting() }
      isFirst = false
      do {
        try await Task.sleep(for: .seconds(Self.pause))
      } catch {
        throw .cancelled(model: model)
      }
    }
  }

  /// The same on a thread that may block.
  ///
  /// - Throws: `ModelError.cannotWrite`; `CancellationError` if the task is cancelled; what `waiting` throws.
  init(blockingFor file: URL, waiting: () throws -> Void) throws {
    var isFirst = true
    while true {
      try Task.checkCancellation()
      if let lock = try Self.attempt(file) {
        self = lock
        return
      }
      if isFirst { try waiting() }
      isFirst = false
      Thread.sleep(forTimeInterval: Self.pause)
    }
  }

  /// The lock, if nobody else holds it.
  ///
  /// - Throws: `ModelError.cannotWrite`.
  static func attempt(_ file: URL) throws(ModelError) -> FileLock? {
    while true {
      let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else {
        throw .cannotWrite(path: file.path, reason: String(cString: strerror(errno)))
      }
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
        if isNamed(file, descriptor) { return FileLock(handle: handle, file: file) }
      } else if errno == EWOULDBLOCK {
        return nil
      } else if errno != EINTR {
        throw .cannotWrite(path: file.path, reason: String(cString: strerror(errno)))
      }
    }
  }

  private init(handle: FileHandle, file: URL) {
    self.handle = handle
    self.file = file
  }

  /// Whether the open file is the one that now has the name.
  private static func isNamed(_ file: URL, _ descriptor: CInt) -> Bool {
    var (open, named) = (stat(), stat())
    return fstat(descriptor, &open) == 0 && stat(file.path, &named) == 0 && open.st_ino == named.st_ino
      && open.st_dev == named.st_dev
  }

  /// Whether anybody holds the lock at this moment. Writes nothing.
  static func isHeld(_ file: URL) -> Bool {
    let descriptor = open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// Lets the next one in.
  func release() {
    // While it is locked: afterwards it may be another's.
    unlink(file.path)
    try? handle.close()
  }
}

/// A shared `flock` on a folder in the cache: it is not removed as long as somebody has one.
///
/// Nothing is written, so it can be had where nothing can be. Where the file system has no such locks there is none.
final class FolderLease: Sendable {
  private let handle: FileHandle

  /// Nil if there is no such folder, or it is being removed. May wait for a moment.
  init?(_ folder: URL) {
    // Whoever only asks whether there are leases has the folder for microseconds.
    for _ in 0..<20 {
      let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { return nil }
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      if flock(descriptor, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK {
        self.handle = handle
        return
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return nil
  }

  /// Whether anybody has a lease at this moment.
  static func isHeld(_ folder: URL) -> Bool { whileUnused(folder) { true } == nil }

  /// Does `work` while nobody can get a lease.
  ///
  /// - Returns: nil, with nothing done, if somebody has one.
  static func whileUnused<Value>(_ folder: URL, _ work: () throws -> Value) rethrows -> Value? {
    let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return try work() }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    defer { try? handle.close() }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { return nil }
    return try work()
  }
}
