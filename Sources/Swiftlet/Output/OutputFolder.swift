// A folder that transcripts are written into, one file for each recording and format.

public import Foundation
import SwiftletFiles

/// Where the transcripts of several recordings go: `talk.flac` to `talk.srt`, `talk.vtt`...
public struct OutputFolder: Sendable {
  /// The folder.
  public let url: URL
  /// The formats in which each recording is written.
  public let formats: [OutputFormat]
  /// The shape of subtitles in those formats that have any.
  public let subtitles: SubtitleOptions
  /// Whether existing files may be replaced.
  public let overwrites: Bool
  /// The folder's path, which a URL can't hold if it is not text.
  private let path: String

  /// Names the folder; ``prepare(for:)`` creates it.
  ///
  /// - Parameters:
  ///   - url: the folder.
  ///   - formats: one file of each is written; one that is given twice counts once.
  ///   - subtitles: the shape of subtitles.
  ///   - overwrites: whether existing files may be replaced.
  public init(
    _ url: URL, formats: [OutputFormat], subtitles: SubtitleOptions = SubtitleOptions(),
    overwrites: Bool = false
  ) {
    self.init(url, path: url.path, formats: formats, subtitles: subtitles, overwrites: overwrites)
  }

  /// The folder of a path that need not be text; see ``Swift/String/init(pathBytes:)``.
  package init(
    path: String, formats: [OutputFormat], subtitles: SubtitleOptions, overwrites: Bool
  ) {
    self.init(
      URL(filePath: path, directoryHint: .isDirectory), path: path, formats: formats, subtitles: subtitles,
      overwrites: overwrites)
  }

  private init(
    _ url: URL, path: String, formats: [OutputFormat], subtitles: SubtitleOptions, overwrites: Bool
  ) {
    self.url = url
    self.path = path
    self.formats = OutputFormat.allCases.filter(formats.contains)
    self.subtitles = subtitles
    self.overwrites = overwrites
  }

  /// The files of a recording, in the order of ``formats``: named after the recording, without the ending of a sound or video
  /// file. Other endings stay, so that `call.2024-01-05` becomes `call.2024-01-05.txt`.
  ///
  /// - Parameter recording: a path, or `-` for standard input, whose files are called `stdin`.
  public func files(of recording: String) -> [URL] {
    paths(of: recording).map { URL(filePath: $0, directoryHint: .notDirectory) }
  }

  /// The paths of ``files(of:)``.
  package func paths(of recording: String) -> [String] {
    formats.map { path(of: recording, format: $0, isPartial: false) }
  }

  /// Finds out, before any work, whether all files can have their names, and creates the folder.
  ///
  /// - Throws: ``SwiftletError`` if two recordings would have the same file, if a file exists and must not be replaced, or if the
  ///   folder can't be created.
  public func prepare(for recordings: [String]) throws {
    try subtitles.check()
    var owners: [[UInt8]: String] = [:]
    for recording in recordings {
      for file in paths(of: recording) {
        if let other = owners.updateValue(recording, forKey: file.pathBytes) {
          throw SwiftletError.invalid(
            """
            \(other.displayedPath) and \(recording.displayedPath) would both be written to \(file.displayedPath); \
            write them into different folders.
            """, subject: file.displayedPath)
        }
      }
      try throwingPublicErrors { try check(recording) }
    }
    try throwingPublicErrors { try create() }
  }

  /// Finds out whether a recording's files can have their names.
  package func check(_ recording: String) throws(OutputError) {
    for file in paths(of: recording) {
      if SystemFiles.kind(of: file) == .folder {
        throw .unwritable(file: file.displayedPath, reason: "there is a folder of this name")
      }
      if file.lastPathComponent.pathBytes.count > Int(NAME_MAX) {
        throw OutputError(SystemError(code: ENAMETOOLONG), file: file)
      }
      if !overwrites, SystemFiles.exists(file) { throw .alreadyThere(file: file.displayedPath) }
    }
  }

  /// Creates the folder, and makes sure that files can be put into it.
  package func create() throws(OutputError) {
    do throws(SystemError) {
      try SystemFiles.makeFolder(path)
      if !SystemFiles.isWritable(path) { throw SystemError() }
    } catch {
      throw OutputError(error, file: path)
    }
  }

  /// Writes a recording's files; each appears whole or not at all. What ``writePartial(_:of:)`` left is removed.
  ///
  /// - Returns: the files.
  /// - Throws: ``SwiftletError`` if one of them can't be written; the others are all the same.
  @discardableResult
  public func write(_ transcript: Transcript, of recording: String) throws -> [URL] {
    try writeFiles(transcript, of: recording).map { URL(filePath: $0, directoryHint: .notDirectory) }
  }

  /// Writes what was transcribed before something failed: `talk.flac` to `talk.partial.srt`, so that it is not taken for the
  /// whole. An earlier partial transcript is replaced.
  ///
  /// - Returns: the files.
  /// - Throws: ``SwiftletError`` if one of them can't be written; the others are all the same.
  @discardableResult
  public func writePartial(_ transcript: Transcript, of recording: String) throws -> [URL] {
    try writeFiles(transcript, of: recording, isPartial: true)
      .map { URL(filePath: $0, directoryHint: .notDirectory) }
  }

  /// Writes the whole of a transcript or a part of it, and gives the paths of the files.
  package func writeFiles(
    _ transcript: Transcript, of recording: String, isPartial: Bool = false
  ) throws -> [String] {
    var failure: OutputError?
    var files: [String] = []
    for format in formats {
      let file = path(of: recording, format: format, isPartial: isPartial)
      guard let text = try? transcript.formatted(as: format, subtitles: subtitles) else {
        failure =
          failure
          ?? .unwritable(file: file.displayedPath, reason: "the transcript has times that are no numbers")
        continue
      }
      do throws(SystemError) {
        try SystemFiles.write(Array(text.utf8), to: file, replacing: overwrites || isPartial)
        files.append(file)
        if !isPartial { SystemFiles.remove(path(of: recording, format: format, isPartial: true)) }
      } catch {
        failure = failure ?? OutputError(error, file: file)
      }
    }
    if let failure { throw publicError(failure) }
    return files
  }

  private func path(of recording: String, format: OutputFormat, isPartial: Bool) -> String {
    var name = recording == "-" ? "stdin" : recording.nameWithoutMediaExtension
    // Names that end so are those of partial transcripts alone, which can be replaced and removed without asking.
    if name.utf8.suffix(Self.partialMark.utf8.count).elementsEqual(Self.partialMark.utf8) { name += "_" }
    guard isPartial else { return path.appendingPath("\(name).\(format.fileExtension)") }
    // Where the system has no room for the mark, it stands in place of the end of the name.
    let ending = "\(Self.partialMark).\(format.fileExtension)"
    while !name.isEmpty, name.pathBytes.count + ending.utf8.count > Int(NAME_MAX) { name.removeLast() }
    return path.appendingPath(name + ending)
  }

  private static let partialMark = ".partial"
}

/// Why a transcript could not be written.
package enum OutputError: Error, Equatable, CustomStringConvertible {
  /// The file exists and must not be replaced.
  case alreadyThere(file: String)
  /// The system refused.
  case unwritable(file: String, reason: String)

  init(_ error: SystemError, file: String) {
    self =
      error.code == EEXIST
      ? .alreadyThere(file: file.displayedPath)
      : .unwritable(file: file.displayedPath, reason: error.description)
  }

  package var description: String {
    switch self {
    case .alreadyThere(let file): "\(file) already exists."
    case .unwritable(let file, let reason): "\(file) cannot be written: \(reason)."
    }
  }
}
