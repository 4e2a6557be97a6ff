// A folder that transcripts are written into, one file for each recording and format.

public import Foundation

/// Where the transcripts of several recordings go: `talk.flac` to `talk.srt`, `talk.vtt`...
public struct OutputFolder: Sendable {
  /// The folder.
  public let url: URL
  /// The formats in which each recording is written.
  public let formats: [OutputFormat]
  /// The shape of subtitles in those formats that have any.
  public let subtitles: SubtitleOptions
  /// Whether files that are there already may be replaced.
  public let overwrites: Bool

  /// Names the folder; ``prepare(for:)`` makes it.
  ///
  /// - Parameters:
  ///   - url: the folder.
  ///   - formats: one file of each is written; one that is given twice counts once.
  ///   - subtitles: the shape of subtitles.
  ///   - overwrites: whether files that are there already may be replaced.
  public init(
    _ url: URL, formats: [OutputFormat], subtitles: SubtitleOptions = SubtitleOptions(),
    overwrites: Bool = false
  ) {
    self.url = url
    self.formats = OutputFormat.allCases.filter(formats.contains)
    self.subtitles = subtitles
    self.overwrites = overwrites
  }

  /// The files of a recording, in the order of ``formats``.
  ///
  /// - Parameter recording: a path, or `-` for standard input, whose files are called `stdin`.
  public func files(of recording: String) -> [URL] { formats.map { file(of: recording, format: $0) } }

  /// Finds out, before any work, whether all files can have their names, and makes the folder.
  ///
  /// - Throws: ``InvalidRequest`` if two recordings would have the same file, or if a file is there already and must not be
  ///   replaced; ``OutputError`` if the folder can't be made.
  public func prepare(for recordings: [String]) throws {
    try subtitles.check()
    var owners: [URL: String] = [:]
    for recording in recordings {
      for file in files(of: recording) {
        if let other = owners.updateValue(recording, forKey: file) {
          throw InvalidRequest(
            description:
              "\(other) and \(recording) would both be written to \(file.path); give them folders of their own."
          )
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory) else { continue }
        if isDirectory.boolValue {
          throw InvalidRequest(
            description: "\(file.path) is a folder; move it, or give another output folder.")
        }
        if !overwrites { throw InvalidRequest(description: "\(OutputError.alreadyThere(file: file.path))") }
      }
    }
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw OutputError(error, file: url)
    }
  }

  /// Writes a recording's files; each appears whole or not at all.
  ///
  /// - Returns: the files.
  /// - Throws: ``OutputError``.
  @discardableResult
  public func write(_ transcript: Transcript, of recording: String) throws -> [URL] {
    try formats.map { format in
      let text = try transcript.formatted(as: format, subtitles: subtitles)
      let file = file(of: recording, format: format)
      do {
        try write(Data(text.utf8), to: file)
      } catch let error as OutputError {
        throw error
      } catch {
        throw OutputError(error, file: file)
      }
      return file
    }
  }

  private func file(of recording: String, format: OutputFormat) -> URL {
    let name =
      recording == "-" ? "stdin" : URL(filePath: recording).deletingPathExtension().lastPathComponent
    return url.appending(path: "\(name).\(format.fileExtension)", directoryHint: .notDirectory)
  }

  private func write(_ data: Data, to file: URL) throws {
    guard !overwrites else { return try data.write(to: file, options: .atomic) }
    let unfinished = url.appending(path: ".\(file.lastPathComponent).\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: unfinished) }
    try data.write(to: unfinished)
    // Unlike renaming, a second name for the file is refused by the system if the name is taken meanwhile.
    guard link(unfinished.path, file.path) != 0 else { return }
    if errno == EEXIST { throw OutputError.alreadyThere(file: file.path) }
    // Not every file system has second names.
    try FileManager.default.moveItem(at: unfinished, to: file)
  }
}

/// Why a transcript could not be written.
public enum OutputError: Error, Equatable, CustomStringConvertible {
  /// The file exists, and nothing was said of replacing it.
  case alreadyThere(file: String)
  /// The system refused.
  case unwritable(file: String, reason: String)

  init(_ error: any Error, file: URL) {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    self = .unwritable(file: file.path, reason: (underlying ?? error).localizedDescription)
  }

  public var description: String {
    switch self {
    case .alreadyThere(let file):
      "\(file) is there already; move it, let it be replaced (--overwrite), or give another output folder."
    case .unwritable(let file, let reason): "\(file) cannot be written: \(reason)"
    }
  }
}
