// A form on its way from a client to the disk.

#if Server
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix

/// What a client sent in a form.
struct UploadedForm: Sendable {
  /// The fields that are not files, in their order; a name may be there more than once.
  var fields: [Field] = []
  var file: UploadedFile?
  /// Of all fields and the file: the same for the same form. Empty if nobody wants it.
  var digest = ""

  struct Field: Codable, Sendable, Equatable {
    var name: String
    var value: String
  }
}

/// A file that a client sent, on the disk.
struct UploadedFile: Sendable {
  var url: URL
  /// What the client called it, without folders.
  var name: String
  var bytes: Int64
}

/// Reads forms, and writes the file in them to the disk while it arrives.
struct UploadReader: Sendable {
  /// Where files are written.
  let folder: URL
  /// Bytes that a file may have.
  let sizeLimit: Int64

  /// Bytes that all fields but the file may have together.
  private static let fieldLimit = 1 << 20
  /// A body has to come at least this fast, after the first seconds.
  private static let slowest = 2_000.0
  private static let patience = Duration.seconds(20)

  /// Reads the form in the body of a request.
  ///
  /// - Parameter isDigested: whether the form's digest is wanted.
  /// - Returns: the form; whoever has it removes the file.
  /// - Throws: ``APIError``; nothing is left on the disk then.
  func read(_ request: Request, isDigested: Bool = false) async throws -> UploadedForm {
    guard let type = request.headers[.contentType], var parser = try? MultipartParser(contentType: type)
    else {
      throw APIError(
        status: .unsupportedMediaType,
        message: "The body must be a form (multipart/form-data) with a boundary.",
        code: "unsupported_media_type")
    }
    if let length = request.headers[.contentLength].flatMap(Int64.init),
      length > sizeLimit + 2 * Int64(Self.fieldLimit)
    {
      throw tooLarge
    }
    var form = UploadedForm()
    var digest = SHA256()
    var part: MultipartParser.PartHeaders?
    var value = Data()
    var fieldBytes = 0
    var spool: SpoolFile?
    do {
      func endPart() async throws {
        guard let ended = part else { return }
        if ended.isFile {
          try await spool?.close()
        } else {
          guard let text = String(validating: value, as: UTF8.self) else {
            throw APIError.invalid("The field \(ended.name) is not UTF-8.", param: ended.name)
          }
          form.fields.append(UploadedForm.Field(name: ended.name, value: text))
          if isDigested { digest.update(data: Data("\(ended.name)=\(text.utf8.count):".utf8) + value) }
        }
        part = nil
        value = Data()
      }
      let begin = ContinuousClock.now
      var received = 0
      for try await buffer in request.body {
        received += buffer.readableBytes
        let elapsed = ContinuousClock.now - begin
        if elapsed > Self.patience, Double(received) < (elapsed / .seconds(1)) * Self.slowest {
          throw APIError(
            status: .requestTimeout, message: "The upload came too slowly, and was given up.",
            code: "too_slow")
        }
        for event in try parser.append(buffer.readableBytesView) {
          switch event {
          case .part(let headers):
            try await endPart()
            part = headers
            guard headers.isFile else { continue }
            guard form.file == nil else {
              throw APIError.invalid(
                "The form has more than one file; send one in each request.", param: "file")
            }
            guard headers.name == "file" else {
              throw APIError.invalid(
                "The form has a file in the field \(headers.name); it belongs into the field file.",
                param: headers.name)
            }
            let new = try SpoolFile(in: folder)
            spool = new
            form.file = UploadedFile(url: new.url, name: headers.displayName, bytes: 0)
          case .data(let data):
            if part?.isFile ?? false {
              form.file?.bytes += Int64(data.count)
              guard (form.file?.bytes ?? 0) <= sizeLimit else { throw tooLarge }
              if isDigested { digest.update(data: data) }
              try await spool?.write(data)
            } else {
              fieldBytes += data.count
              guard fieldBytes <= Self.fieldLimit else {
                throw APIError.tooLarge("The fields of the form have more than \(Self.fieldLimit) bytes.")
              }
              value.append(data)
            }
          }
        }
      }
      try parser.finish()
      try await endPart()
    } catch {
      await spool?.remove()
      switch error {
      case MultipartParser.Failure.truncated:
        throw APIError.invalid("The form ends early: its last delimiter is missing.", code: "truncated_body")
      case MultipartParser.Failure.malformed(let reason):
        throw APIError.invalid("The form can't be read. \(reason)", code: "malformed_body")
      case is APIError, is CancellationError: throw error
      default:
        // The connection, which is the client's affair.
        throw APIError.invalid("The upload broke off.", code: "truncated_body")
      }
    }
    if isDigested { form.digest = digest.finalize().hexadecimal }
    return form
  }

  private var tooLarge: APIError {
    .tooLarge(
      "The file is larger than this server takes, which is \(sizeLimit) bytes; split it, or raise --max-upload."
    )
  }
}

extension MultipartParser.PartHeaders {
  /// Whether it is a file: some clients send the field `file` without a file's name.
  fileprivate var isFile: Bool { filename != nil || name == "file" }

  /// The file's name without folders and control characters.
  fileprivate var displayName: String {
    let last = (filename ?? "").split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
    let name = String(last.unicodeScalars.filter { !CharacterSet.controlCharacters.contains($0) }.prefix(200))
    return name.isEmpty || name == "." || name == ".." ? "audio" : name
  }
}

/// A file that is being written, on threads that may block.
actor SpoolFile {
  nonisolated let url: URL
  private let handle: FileHandle
  private var pending = Data()

  init(in folder: URL) throws {
    url = folder.appending(path: UUID().uuidString.lowercased())
    guard
      FileManager.default.createFile(
        atPath: url.path(percentEncoded: false), contents: nil,
        attributes: [.posixPermissions: 0o600]), let handle = try? FileHandle(forWritingTo: url)
    else { throw APIError.diskFailed }
    self.handle = handle
  }

  func write(_ data: Data) async throws {
    pending.append(data)
    if pending.count >= 1 << 18 { try await flush() }
  }

  /// Writes all there is.
  func close() async throws {
    try await flush()
    do {
      try handle.close()
    } catch {
      throw APIError.diskFailed
    }
  }

  func remove() {
    try? handle.close()
    try? FileManager.default.removeItem(at: url)
  }

  private func flush() async throws {
    guard !pending.isEmpty else { return }
    let data = pending
    pending = Data()
    do {
      try await NIOThreadPool.singleton.runIfActive { [handle] in try handle.write(contentsOf: data) }
    } catch {
      throw APIError.diskFailed
    }
  }
}

extension APIError {
  static let diskFailed = APIError(
    status: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"),
    message: "The server can't write the upload to its disk; it may be full.", type: "server_error",
    code: "disk_full")
}
#endif
