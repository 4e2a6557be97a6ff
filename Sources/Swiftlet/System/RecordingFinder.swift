// Which recordings are meant: files, what is found in folders, names in a list.

import SwiftletFiles

/// A recording that was asked for.
package struct FoundRecording: Sendable {
  package var path: String
  /// Where it was found below a folder that was asked for; empty in the folder itself.
  package var subfolder = ""
  /// Why it can't be transcribed, if that is known already.
  package var problem: Problem?

  package enum Problem: Hashable, Sendable {
    /// A folder, and the search is not recursive.
    case isFolder
    /// A folder with no sound or video files in it.
    case hasNoRecordings
    /// A folder that the system doesn't show, with its reason.
    case unreadable(String)
  }

  package init(path: String, subfolder: String = "", problem: Problem? = nil) {
    self.path = path
    self.subfolder = subfolder
    self.problem = problem
  }
}

/// Finds recordings.
package struct RecordingFinder {
  private let isRecursive: Bool
  package private(set) var found: [FoundRecording] = []

  /// - Parameters:
  ///   - paths: files, folders, and `-` for standard input.
  ///   - isRecursive: whether folders are gone through; otherwise they are a problem.
  package init(_ paths: [String], isRecursive: Bool) {
    self.isRecursive = isRecursive
    for path in paths {
      guard path != "-", SystemFiles.kind(of: path) == .folder else {
        found.append(FoundRecording(path: path))
        continue
      }
      if isRecursive {
        let before = found.count
        search(path, subfolder: "")
        if found.count == before { add(path, .hasNoRecordings) }
      } else {
        add(path, .isFolder)
      }
    }
  }

  /// Names in a list with a zero byte after each, or else a line for each.
  package static func names(in list: [UInt8]) -> [String] {
    let end: UInt8 = list.contains(0) ? 0 : UInt8(ascii: "\n")
    return list.split(separator: end).map {
      let name = String(pathBytes: $0)
      // In a list it is a file like any other.
      return name == "-" ? "./-" : name
    }
  }

  /// Adds what lies in a folder and below it, in the order of the names. Hidden files are left out, and links to folders,
  /// which could lead in circles.
  private mutating func search(_ folder: String, subfolder: String) {
    let names: [String]
    do {
      names = try SystemFiles.names(in: folder)
    } catch {
      return add(folder, .unreadable("\(error)"))
    }
    for name in names where name.unicodeScalars.first != "." {
      let path = folder.appendingPath(name)
      switch SystemFiles.kind(of: path) {
      case .folder:
        if !SystemFiles.isLink(path) {
          search(path, subfolder: subfolder.isEmpty ? name : subfolder + "/" + name)
        }
      case .regular, nil:
        // A link that leads nowhere is a problem that its reader will report.
        if name.hasMediaExtension { found.append(FoundRecording(path: path, subfolder: subfolder)) }
      case .other: break
      }
    }
  }

  private mutating func add(_ path: String, _ problem: FoundRecording.Problem) {
    found.append(FoundRecording(path: path, problem: problem))
  }
}
