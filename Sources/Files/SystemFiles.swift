// Files by names of any bytes: what Foundation, which knows names that are text alone, can't do.

import Foundation

/// Why the system refused.
package struct SystemError: Error, Equatable, CustomStringConvertible {
  package let code: Int32

  /// The last error of this thread.
  package init(code: Int32 = errno) { self.code = code }

  /// The system's own words, without a full stop: `No space left on device`.
  package var description: String { String(cString: strerror(code)) }
}

/// Functions on files, whose paths are text as ``String/init(pathBytes:)`` makes it.
package enum SystemFiles {
  package enum Kind { case regular, folder, other }

  /// What lies at a path, links followed; nil if there is nothing that can be reached.
  package static func kind(of path: String) -> Kind? { try? status(of: path).kind }

  /// The same with the number of bytes in a regular file.
  package static func status(of path: String) throws(SystemError) -> (kind: Kind, size: Int) {
    var information = stat()
    guard path.withSystemPath({ stat($0, &information) }) == 0 else { throw SystemError() }
    let kind: Kind =
      switch information.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      default: .other
      }
    return (kind, Int(information.st_size))
  }

  /// Whether something has this name, be it a link that leads nowhere.
  package static func exists(_ path: String) -> Bool {
    var information = stat()
    return path.withSystemPath { lstat($0, &information) } == 0
  }

  package static func isLink(_ path: String) -> Bool {
    var information = stat()
    return path.withSystemPath { lstat($0, &information) } == 0 && information.st_mode & S_IFMT == S_IFLNK
  }

  package static func isReadable(_ path: String) -> Bool { path.withSystemPath { access($0, R_OK) } == 0 }
  package static func isWritable(_ path: String) -> Bool { path.withSystemPath { access($0, W_OK) } == 0 }

  /// The one path of what lies at `path`, without links; nil if there is nothing.
  package static func resolved(_ path: String) -> String? {
    guard let resolved = path.withSystemPath({ realpath($0, nil) }) else { return nil }
    defer { free(resolved) }
    return String(
      pathBytes: UnsafeBufferPointer(start: resolved, count: strlen(resolved)).map(UInt8.init(bitPattern:)))
  }

  /// Everything in a file, or in what comes through a pipe.
  package static func contents(of path: String) throws(SystemError) -> [UInt8] {
    let file = path.withSystemPath { open($0, O_RDONLY | O_CLOEXEC) }
    guard file >= 0 else { throw SystemError() }
    defer { close(file) }
    return try contents(of: file)
  }

  /// Everything that can be read from an open file.
  package static func contents(of file: Int32) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(file, &buffer, buffer.count)
      if count > 0 {
        bytes.append(contentsOf: buffer[..<count])
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        throw SystemError()
      }
    }
  }

  /// The names in a folder but `.` and `..`, in the order of their bytes.
  package static func names(in folder: String) throws(SystemError) -> [String] {
    guard let directory = folder.withSystemPath({ opendir($0) }) else { throw SystemError() }
    defer { closedir(directory) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else {
        if errno != 0 { throw SystemError() }
        return names.sorted { $0.lexicographicallyPrecedes($1) }.map(String.init(pathBytes:))
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
    }
  }

  /// The paths of everything below a folder, relative to it, in the order of their bytes; links to folders are not followed.
  package static func pathsBelow(_ folder: String) throws(SystemError) -> [String] {
    var paths: [String] = []
    for name in try names(in: folder) {
      paths.append(name)
      let path = folder.appendingPath(name)
      if kind(of: path) == .folder, !isLink(path) { paths += try pathsBelow(path).map { name + "/" + $0 } }
    }
    return paths
  }

  /// Makes a folder, and those it lies in, unless it is there.
  package static func makeFolder(_ path: String) throws(SystemError) {
    if kind(of: path) == .folder { return }
    if path.withSystemPath({ mkdir($0, 0o777) }) == 0 { return }
    var error = SystemError()
    if error.code == ENOENT, path.parentFolder != path, path.parentFolder != "." {
      try makeFolder(path.parentFolder)
      if path.withSystemPath({ mkdir($0, 0o777) }) == 0 { return }
      error = SystemError()
    }
    // Somebody else may have made it meanwhile; a path that ends with a slash has been made with the one before.
    guard kind(of: path) == .folder else { throw error }
  }

  /// Writes into what is at a path, be it a pipe or a device, or into a new file.
  package static func write(_ bytes: [UInt8], into path: String) throws(SystemError) {
    let file = path.withSystemPath { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666) }
    guard file >= 0 else { throw SystemError() }
    try writeAndClose(bytes, file)
  }

  /// Writes a file that appears whole or not at all.
  ///
  /// - Throws: an error of the code `EEXIST` if there is one of this name that must not be replaced.
  package static func write(
    _ bytes: [UInt8], to path: String, replacing: Bool
  ) throws(SystemError) {
    // The name is short, so that it fits wherever the other does.
    let unfinished = path.parentFolder.appendingPath(".swiftlet-\(UUID().uuidString)")
    defer { _ = unfinished.withSystemPath { unlink($0) } }
    let file = unfinished.withSystemPath { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    guard file >= 0 else { throw SystemError() }
    try writeAndClose(bytes, file)
    if !replacing {
      // Unlike renaming, a second name for the file is refused by the system if the name is taken meanwhile.
      if name(unfinished, path, link) { return }
      let error = SystemError()
      guard [EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK].contains(error.code) else { throw error }
      // Not every file system has second names. The name is taken with an empty file, which is replaced at once.
      let placeholder = path.withSystemPath { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
      guard placeholder >= 0 else { throw SystemError() }
      close(placeholder)
    }
    guard name(unfinished, path, rename) else {
      let error = SystemError()
      if !replacing { remove(path) }
      throw error
    }
  }

  /// Removes a file; says whether there was one.
  @discardableResult
  package static func remove(_ path: String) -> Bool { path.withSystemPath { unlink($0) } == 0 }

  private static func writeAndClose(_ bytes: [UInt8], _ file: Int32) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        let error = SystemError()
        close(file)
        throw error
      }
    }
    // Some file systems tell only now that the disk is full.
    guard close(file) == 0 else { throw SystemError() }
  }

  private static func name(
    _ old: String, _ new: String, _ function: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
  ) -> Bool {
    old.withSystemPath { old in new.withSystemPath { new in function(old, new) } } == 0
  }
}
