// Keys, names that a server goes by, and settings.

#if Server
import Configuration
import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletServer

@Suite struct AccessTests {
  private let folder = TestFolder()

  @Test func keysAreKeptAsHashes() throws {
    let keys = try KeyStore(in: folder.url)
    let key = try keys.add(name: "alice")
    let other = try keys.add(name: "bob")
    #expect(key.hasPrefix("sk-") && key.count > 40 && key != other)
    #expect(keys.name(of: key) == "alice" && keys.name(of: other) == "bob" && keys.name(of: key + "x") == nil)
    #expect(throws: KeyStore.Failure.self) { try keys.add(name: "alice") }
    let file = folder.path + "/keys.json"
    let written = try String(contentsOfFile: file, encoding: .utf8)
    #expect(!written.contains(key.dropFirst(8)) && written.contains("alice"))
    #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)

    let server = try KeyStore(in: folder.url)
    #expect(server.name(of: key) == "alice")
    try keys.revoke(name: "alice")
    #expect(server.name(of: key) == "alice", "until it is told")
    try server.reload()
    #expect(server.name(of: key) == nil && server.name(of: other) == "bob")
    #expect(throws: KeyStore.Failure.self) { try keys.revoke(name: "alice") }
    try folder.write(Data("nonsense".utf8), as: "keys.json")
    #expect(throws: KeyStore.Failure.self) { try server.reload() }
    #expect(server.name(of: other) == "bob", "the old ones remain")
  }

  @Test func requestsNeedAKeyWhereThereAreAny() throws {
    let keys = try KeyStore(in: folder.url)
    #expect(try Access(keys: keys, isRequired: false).check(authorization: nil) == nil)
    #expect(throws: APIError.self) { try Access(keys: keys, isRequired: true).check(authorization: nil) }
    let key = try keys.add(name: "alice")
    let access = Access(keys: keys, isRequired: true)
    #expect(try access.check(authorization: "Bearer \(key)") == "alice")
    #expect(try access.check(authorization: "bearer  \(key) ") == "alice")
    for header in [nil, "", "Bearer", "Bearer x", "Basic \(key)", key] {
      #expect(throws: APIError.self) { try access.check(authorization: header) }
    }
    try keys.revoke(name: "alice")
    #expect(throws: APIError.self, "no key is left, and it does not open") {
      try access.check(authorization: nil)
    }
  }

  @Test func pagesOfOtherSitesAreRefused() {
    let policy = OriginPolicy(isOpen: false, host: "studio.local")
    func isRefused(_ host: String?, _ origin: String? = nil) -> Bool {
      do {
        try policy.check(host: host, origin: origin)
        return false
      } catch {
        return true
      }
    }
    for host in [
      "127.0.0.1:8080", "localhost:8080", "localhost", "[::1]:8080", "192.168.1.5", "studio.local:80", nil,
    ] {
      #expect(!isRefused(host), "\(host ?? "none")")
    }
    #expect(
      !isRefused("127.0.0.1:8080", "http://127.0.0.1:8080") && !isRefused("localhost:1", "http://LOCALHOST:1")
    )
    #expect(isRefused("evil.example:8080") && isRefused("127.0.0.1.evil.example"))
    #expect(
      isRefused("127.0.0.1:8080", "http://evil.example")
        && isRefused("127.0.0.1:8080", "http://127.0.0.1:9090"))
    #expect(isRefused("127.0.0.1:8080", "null"))
    #expect(throws: Never.self) {
      try OriginPolicy(isOpen: true, host: "").check(host: "evil.example", origin: "http://evil.example")
    }
  }

  private func read(_ flags: [String: ConfigContent] = [:], file: String? = nil) async throws -> ServerOptions
  {
    let file = try file.map { try folder.write(Data($0.utf8), as: "settings.json") }
    return try await ServerSettings.read(
      flags: flags.mapValues { ConfigValue($0, isSecret: false) }, file: file)
  }

  @Test func flagsGoBeforeTheFile() async throws {
    let options = try await read(
      ["port": .int(9000), "keys": .bool(false)],
      file:
        #"{"port": 1, "models": ["base", "tiny.en"], "maxUpload": 2.5, "trustProxy": true, "host": "0.0.0.0"}"#
    )
    #expect(
      options.port == 9000 && options.models == ["base", "tiny.en"] && options.uploadLimit == 2_500_000)
    #expect(options.trustsProxy && options.host == "0.0.0.0" && options.allowsAnyone)
    let standard = try await read()
    #expect(standard.port == 8080 && standard.isLoopback && !standard.allowsAnyone)
  }

  @Test(arguments: [
    #"{"prot": 1}"#, #"{"port": "many"}"#, #"{"port": 70000}"#, #"{"models": []}"#,
    #"{"models": ["a", "a"]}"#,
    #"{"precision": "fp8"}"#, #"{"logLevel": "loud"}"#, #"{"trustProxy": "yes please"}"#, "[]", "{",
  ])
  func settingsThatCannotBeMeantAreRefused(file: String) async {
    await #expect(throws: ServerSettings.Problem.self) { try await read(file: file) }
  }

  @Test func metricsAreWrittenForPrometheus() {
    let metrics = ServerMetrics()
    metrics.answered(route: "/v1/jobs/{id}", method: "GET", status: 200, in: .milliseconds(30))
    metrics.answered(route: "/v1/jobs/{id}", method: "GET", status: 200, in: .seconds(3_600))
    metrics.gauge("swiftlet_jobs", 3, [("status", "a\"b")])
    metrics.gauge("swiftlet_jobs", 2, [("status", "a\"b")])
    let lines = metrics.prometheus.text.split(separator: "\n").map(String.init)
    #expect(
      lines.contains(#"swiftlet_http_requests_total{method="GET",route="/v1/jobs/{id}",status="200"} 2.0"#))
    #expect(lines.contains("# TYPE swiftlet_http_requests_total counter"))
    #expect(lines.contains("# TYPE swiftlet_http_request_seconds histogram"))
    #expect(lines.contains(#"swiftlet_http_request_seconds_bucket{route="/v1/jobs/{id}",le="0.05"} 1"#))
    #expect(lines.contains(#"swiftlet_http_request_seconds_bucket{route="/v1/jobs/{id}",le="+Inf"} 2"#))
    #expect(lines.contains(#"swiftlet_http_request_seconds_count{route="/v1/jobs/{id}"} 2"#))
    #expect(lines.contains(#"swiftlet_jobs{status="a\"b"} 2.0"#))
    #expect(lines.contains { $0.hasPrefix("# HELP swiftlet_jobs ") })
  }
}
#endif
