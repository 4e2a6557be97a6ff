// Where the Hugging Face hub is, and who asks.

import Foundation

/// What the environment says of the hub, in huggingface_hub's variables.
struct HubAccess: Sendable {
  /// Without a slash at the end.
  let endpoint: String
  /// The user's, for private and gated repositories.
  let token: String?

  static let officialEndpoint = "https://huggingface.co"

  /// - Throws: `connection` if `HF_ENDPOINT` is no address.
  init(environment: [String: String]) throws(ModelError) {
    var endpoint = environment.value("HF_ENDPOINT") ?? Self.officialEndpoint
    while endpoint.hasSuffix("/") { endpoint.removeLast() }
    guard let url = URL(string: endpoint), url.host() != nil,
      ["http", "https"].contains(url.scheme?.lowercased())
    else { throw .connection(url: endpoint, reason: "HF_ENDPOINT is no http or https address") }
    self.endpoint = endpoint
    token = Self.token(environment)
  }

  /// Whether nothing is to be fetched.
  static func isOffline(_ environment: [String: String]) -> Bool {
    let value = environment.value("HF_HUB_OFFLINE") ?? environment.value("TRANSFORMERS_OFFLINE")
    return isTrue(value)
  }

  private static func isTrue(_ value: String?) -> Bool {
    ["1", "on", "yes", "true"].contains(value?.lowercased())
  }

  /// `HF_TOKEN`, or what `hf auth login` wrote.
  private static func token(_ environment: [String: String]) -> String? {
    guard !isTrue(environment.value("HF_HUB_DISABLE_IMPLICIT_TOKEN")) else { return nil }
    let given = environment.value("HF_TOKEN") ?? environment.value("HUGGING_FACE_HUB_TOKEN")
    let text = given ?? (try? String(contentsOf: tokenFile(environment), encoding: .utf8))
    let token = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    // A line break would begin another header.
    return token.isEmpty || token.contains(where: \.isNewline) ? nil : token
  }

  private static func tokenFile(_ environment: [String: String]) -> URL {
    if let path = environment.value("HF_TOKEN_PATH") { return URL(filePath: path) }
    if let path = environment.value("HF_HOME") { return URL(filePath: path).appending(path: "token") }
    let cache = environment.value("XDG_CACHE_HOME").map { URL(filePath: $0) }
    let home = environment.value("HOME").map { URL(filePath: $0) }
    return (cache ?? (home ?? FileManager.default.homeDirectoryForCurrentUser).appending(path: ".cache"))
      .appending(path: "huggingface/token")
  }

  /// What goes with every request to the hub. libcurl leaves it out where the hub redirects to another host.
  var headers: [String] { token.map { ["Authorization: Bearer \($0)"] } ?? [] }

  /// Asks what is in a repository, with sizes and digests.
  func informationURL(_ repository: HubRepository) throws(ModelError) -> URL {
    let revision = Self.escaped(repository.revision ?? "main", slashes: true)
    return try url("/api/models/\(repository.name)/revision/\(revision)?blobs=true")
  }

  /// Where a file of a repository is, as of a commit.
  func fileURL(_ repository: HubRepository, commit: String, path: String) throws(ModelError) -> URL {
    try url(
      "/\(repository.name)/resolve/\(Self.escaped(commit, slashes: true))/\(Self.escaped(path, slashes: false))"
    )
  }

  private func url(_ path: String) throws(ModelError) -> URL {
    guard let url = URL(string: endpoint + path) else {
      throw .connection(url: endpoint + path, reason: "this is no address")
    }
    return url
  }

  private static func escaped(_ text: String, slashes: Bool) -> String {
    var allowed = CharacterSet(charactersIn: "-._~")
    allowed.formUnion(CharacterSet(charactersIn: "a"..."z"))
    allowed.formUnion(CharacterSet(charactersIn: "A"..."Z"))
    allowed.formUnion(CharacterSet(charactersIn: "0"..."9"))
    if !slashes { allowed.insert("/") }
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
  }
}

extension [String: String] {
  /// A variable that is set to something.
  fileprivate func value(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
