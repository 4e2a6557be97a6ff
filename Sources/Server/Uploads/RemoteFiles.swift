// Recordings at addresses, from hosts that the server's owner trusts.

#if Server
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Fetches recordings from the hosts on a list.
struct RemoteFiles: Sendable {
  let hosts: [String]
  let folder: URL
  let sizeLimit: Int64
  /// Follows no redirections: they lead to other hosts.
  let client: HTTPClient

  /// The recording of a request: the one in its form, or the one at its address.
  ///
  /// - Throws: ``APIError`` if there is none, or both.
  func file(of form: UploadedForm, url: URL?) async throws -> UploadedFile {
    switch (form.file, url) {
    case (let file?, nil):
      guard file.bytes > 0 else {
        throw APIError.invalid("The file is empty.", param: "file", code: "empty_file")
      }
      return file
    case (nil, let url?): return try await fetch(url)
    case (_?, _?): throw APIError.invalid("Send a file or a url, not both.", param: "url")
    case (nil, nil):
      throw APIError.invalid("Send the recording in the field file.", param: "file", code: "missing_file")
    }
  }

  private func fetch(_ url: URL) async throws -> UploadedFile {
    guard let host = url.host(), hosts.contains(host.lowercased()) else {
      throw APIError(
        status: .forbidden,
        message:
          "This server does not fetch from \(url.host() ?? "there"); its owner can allow it with --allow-url-host.",
        param: "url", code: "url_not_allowed")
    }
    let unreachable = APIError.invalid("\(url) could not be fetched.", param: "url", code: "url_not_fetched")
    var request = HTTPClientRequest(url: url.absoluteString)
    request.method = .GET
    let spool = try SpoolFile(in: folder)
    do {
      let response = try await client.execute(request, timeout: .seconds(30))
      guard response.status == .ok else { throw unreachable }
      var bytes: Int64 = 0
      for try await piece in response.body {
        bytes += Int64(piece.readableBytes)
        guard bytes <= sizeLimit else {
          throw APIError.tooLarge("The file at the address is larger than \(sizeLimit) bytes.")
        }
        try await spool.write(Data(piece.readableBytesView))
      }
      try await spool.close()
      guard bytes > 0 else { throw unreachable }
      let name = url.lastPathComponent
      return UploadedFile(url: spool.url, name: name.isEmpty || name == "/" ? "audio" : name, bytes: bytes)
    } catch let error where error is APIError || error is CancellationError {
      await spool.remove()
      throw error
    } catch {
      await spool.remove()
      throw unreachable
    }
  }
}
#endif
