// Which recordings a command is about: files, what is found in folders, names in a list.

import Foundation
import SwiftletFiles

/// A recording that was asked for.
struct FoundRecording {
  var path: String
  /// Where it was found below a folder that was asked for; empty in the folder itself.
  var subfolder = ""
  /// Why it can't be transcribed, if that is known already.
  var problem: String?
}

/// Finds recordings.
struct RecordingFinder {
  private let isRecursive: Bool
  private(set) var found: [FoundRecording] = []

  /// - Parameters:
  ///   - paths: files, folders, and `-` for standard input.
  ///   - isRecursive: whether folders are gone through; otherwise they are a problem.
  init(_ paths: [String], isRecursive: Bool) {
    self.isRecursive = isRecursive
    for path in paths {
      guard path != "-", SystemFiles.kind(of: path) == .folder else {
        found.append(FoundRecording(path: path))
        continue
      }
      if isRecursive {
        let before = found.count
        search(path, subfolder: "")
        if found.count == before { add(path, problem: "contains no audio or video files.") }
      } else {
        add(path, problem: "is a folder; use --recursive (-r) to transcribe the recordings in it.")
      }
    }
  }

  /// Names in a list with a zero byte after each, or else a line for each.
  static func names(in list: [UInt8]) -> [String] {
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
      return add(folder, problem: "cannot be read: \(error).")
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

  private mutating func add(_ path: String, problem: String) {
    found.append(FoundRecording(path: path, problem: "\(path.displayedPath) \(problem)"))
  }
}
