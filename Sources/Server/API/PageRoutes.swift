// The web page: files that are part of the program.

#if Server
import Crypto
import Foundation
import HTTPTypes
import Hummingbird

/// `/` and the files that the page needs.
struct PageRoutes: Sendable {
  private struct File: Sendable {
    var bytes: [UInt8]
    var type: String
    var tag: String

    init(_ bytes: [UInt8], _ type: String) {
      self.bytes = bytes
      self.type = type
      tag = "\"" + SHA256.hash(data: bytes).prefix(12).hexadecimal + "\""
    }
  }

  private let index = File(PackageResources.index_html, "text/html; charset=utf-8")
  private let files: [String: File] = [
    "api.js": File(PackageResources.api_js, "text/javascript; charset=utf-8"),
    "app.js": File(PackageResources.app_js, "text/javascript; charset=utf-8"),
    "dom.js": File(PackageResources.dom_js, "text/javascript; charset=utf-8"),
    "favicon.svg": File(PackageResources.favicon_svg, "image/svg+xml"),
    "job-view.js": File(PackageResources.job_view_js, "text/javascript; charset=utf-8"),
    "jobs.js": File(PackageResources.jobs_js, "text/javascript; charset=utf-8"),
    "pcm-worklet.js": File(PackageResources.pcm_worklet_js, "text/javascript; charset=utf-8"),
    "player.js": File(PackageResources.player_js, "text/javascript; charset=utf-8"),
    "recorder.js": File(PackageResources.recorder_js, "text/javascript; charset=utf-8"),
    "style.css": File(PackageResources.style_css, "text/css; charset=utf-8"),
    "subtitles.js": File(PackageResources.subtitles_js, "text/javascript; charset=utf-8"),
    "theme.js": File(PackageResources.theme_js, "text/javascript; charset=utf-8"),
    "transcript.js": File(PackageResources.transcript_js, "text/javascript; charset=utf-8"),
    "waveform.js": File(PackageResources.waveform_js, "text/javascript; charset=utf-8"),
  ]

  private static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    + "connect-src 'self'; worker-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  func add(to router: Router<ServerContext>) {
    router.get("/") { request, _ in Self.answer(index, request) }
    router.get("page/{file}") { request, context in
      guard let file = files[try context.parameters.require("file")] else { throw HTTPError(.notFound) }
      return Self.answer(file, request)
    }
  }

  private static func answer(_ file: File, _ request: Request) -> Response {
    let headers: HTTPFields = [
      .contentType: file.type, .contentSecurityPolicy: policy, .eTag: file.tag, .cacheControl: "no-cache",
      .referrerPolicy: "no-referrer",
    ]
    if request.headers[.ifNoneMatch] == file.tag { return Response(status: .notModified, headers: headers) }
    return Response(
      status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
  }
}
#endif
