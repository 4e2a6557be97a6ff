// Where the peers' drivers are, and which peers there are.

import Foundation
import Swiftlet

/// The peers of Benchmarks/peers and the Python that runs them.
struct ComparedPeers {
  private let python: URL
  private let driver: URL

  /// - Parameters:
  ///   - python: nil for that of ``folder(environment:)``.
  ///   - folder: nil for Benchmarks/peers above the working directory or above this program.
  /// - Throws: ``DriverFailure`` if either is not there.
  init(python: String?, folder: String?) throws {
    let installed = Self.folder(environment: ProcessInfo.processInfo.environment)
    self.python = python.map { URL(filePath: $0) } ?? installed.appending(path: "bin/python")
    guard let folder = folder.map({ URL(filePath: $0) }) ?? Self.searchFolder() else {
      throw DriverFailure(
        description: "there is no Benchmarks/peers above this folder; give it with --peers-folder.")
    }
    driver = folder.appending(path: "driver.py")
    guard FileManager.default.fileExists(atPath: driver.path) else {
      throw DriverFailure(description: "there is no \(driver.path).")
    }
    guard FileManager.default.isExecutableFile(atPath: self.python.path) else {
      throw DriverFailure(
        description:
          "there is no \(self.python.path): run \(folder.path)/setup, or give a Python with --peers-python.")
    }
  }

  /// Where Benchmarks/peers/setup installs: `SWIFTLET_PEERS`, or a folder of this user's alone, since what lies there is run:
  /// `swiftlet/peers` in `XDG_DATA_HOME`, or in `.local/share` of the home folder.
  static func folder(environment: [String: String]) -> URL {
    if let path = environment["SWIFTLET_PEERS"], !path.isEmpty { return URL(filePath: path) }
    if let path = environment["XDG_DATA_HOME"], path.hasPrefix("/") {
      return URL(filePath: path).appending(path: "swiftlet/peers")
    }
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }
    return (home ?? FileManager.default.homeDirectoryForCurrentUser).appending(
      path: ".local/share/swiftlet/peers")
  }

  private static func searchFolder() -> URL? {
    let starts = [URL(filePath: FileManager.default.currentDirectoryPath), ownExecutable]
    for start in starts {
      var folder = start.resolvingSymlinksInPath()
      while folder.path != "/" {
        let peers = folder.appending(path: "Benchmarks/peers")
        if FileManager.default.fileExists(atPath: peers.appending(path: "driver.py").path) { return peers }
        folder = folder.deletingLastPathComponent()
      }
    }
    return nil
  }

  /// The names of all peers, whether installed or not.
  ///
  /// - Parameter isLong: for those that transcribe whole recordings.
  func names(isLong: Bool) async throws -> [String] {
    let process = try DriverProcess(python, [driver.path] + (isLong ? ["--long"] : []))
    defer { process.end() }
    return try await process.answer(PeerList.self).peers
  }

  func start(_ name: String, threads: Int) throws -> DriverProcess {
    try DriverProcess(
      python, [driver.path, name],
      environment: ["OMP_NUM_THREADS": String(threads), "HF_HUB_OFFLINE": "1"])
  }
}

private struct PeerList: Decodable, Sendable {
  let peers: [String]
}

/// This program.
var ownExecutable: URL { Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0]) }
