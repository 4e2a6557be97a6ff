// What can go wrong between the name of a model and a folder that holds it.

/// Why a model could not be found or fetched.
package enum ModelError: Error, Hashable, Sendable {
  /// No model has this name, and no file either.
  case unknownModel(String, nearest: [String], known: [String])
  /// The text is a path, but nothing lies there.
  case noSuchPath(String)
  /// Every source was tried in vain; why is told for each, in the order they were tried.
  case allSourcesFailed(model: String, failures: [SourceFailure])
  /// The cache folder, or a file in it, cannot be written: read-only, full, or not a folder.
  case cannotWrite(path: String, reason: String)
  /// A file in the cache cannot be read back.
  case cannotRead(path: String, reason: String)
  /// The caller's task was cancelled. What had arrived over HTTP is kept, and the next pull goes on from
  /// there.
  case cancelled(model: String)
  /// A server answered with an error.
  case httpStatus(Int, url: String)
  /// No server could be reached, or the connection broke.
  case connection(url: String, reason: String)
  /// The server closed the connection before all had arrived.
  case truncated(url: String, received: Int64, expected: Int64)
  /// A file arrived that is not the one expected; it was deleted.
  case digestMismatch(file: String, expected: String, found: String)
  /// A file that someone put there is not the one expected; it was left alone.
  case otherFile(path: String, expected: String, found: String)
  /// The server did not say what the file's digest is, and it is not known beforehand.
  case noDigest(url: String)
  /// A program that is needed is not installed.
  case commandMissing(String)
  /// A program ended with an error; the end of what it wrote is here.
  case commandFailed(String, status: Int, output: String)
  /// A package or repository does not hold a file that it should.
  case missingFile(String, package: String)
  /// A file arrived, or was arriving, that is not as long as the hub says; it was deleted.
  case wrongSize(file: String, expected: Int64, found: Int64)
  /// The Hugging Face hub has no such repository, or none that this user may see.
  case repositoryNotFound(String)
  /// A repository has no such branch, tag or commit.
  case revisionNotFound(repository: String, revision: String)
  /// A repository whose terms this user has not accepted.
  case gatedRepository(String)
  /// The Hugging Face hub does not know the access token, or not any more.
  case tokenRefused
  /// A repository holds a model of another type, if it says of which, or nothing that says what it is.
  case notWhisper(repository: String, type: String?)
  /// A repository lacks weights that can be read, or the file that is named; what looks like weights is listed.
  case noWeights(repository: String, missing: String?, found: [String])
  /// The model is not in the cache, and the environment says that nothing is to be fetched.
  case offline(model: String)
  /// A server answered with something that the Hugging Face hub does not send.
  case unexpectedAnswer(url: String)
}

/// One source of a model, and why nothing came of it.
package struct SourceFailure: Hashable, Sendable {
  /// The source's name, for people.
  package let source: String
  /// What went wrong.
  package let error: ModelError

  package init(source: String, error: ModelError) {
    self.source = source
    self.error = error
  }
}

extension ModelError {
  /// Whether another source may do better: not if the trouble is on this side.
  package var isOfThisSource: Bool {
    switch self {
    case .cannotWrite, .cannotRead, .cancelled, .otherFile: false
    default: true
    }
  }

  /// Whether a repository is not there, or holds something else than a model.
  var isOfTheRepository: Bool {
    switch self {
    case .repositoryNotFound, .revisionNotFound, .notWhisper, .noWeights, .missingFile: true
    default: false
    }
  }

  /// Whether a download broke off in a way that a second request can mend.
  var isInterruption: Bool {
    switch self {
    case .connection, .truncated: true
    default: false
    }
  }
}

extension ModelError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownModel(let name, let nearest, let known):
      "There is no model \(name.debugDescription)"
        + (nearest.isEmpty ? "." : "; did you mean \(nearest.joined(separator: " or "))?")
        + " Known models: \(known.joined(separator: ", ")). A Hugging Face repository "
        + "(OWNER/NAME) or a path to a model's file or folder works as well."
    case .noSuchPath(let path):
      "\(path): there is no such file or folder."
    case .allSourcesFailed(let model, let failures):
      "The model \(model) could not be fetched. Tried:"
        + failures.map { "\n  \($0.source): \($0.error)" }.joined()
    case .cannotWrite(let path, let reason):
      "\(path) cannot be written: \(reason). Free some space, or set SWIFTLET_CACHE to another folder."
    case .cannotRead(let path, let reason):
      "\(path) cannot be read: \(reason)."
    case .cancelled(let model):
      "Fetching \(model) was cancelled; a later pull goes on where it stopped, if the server can."
    case .httpStatus(let status, let url):
      "\(url): the server answered with HTTP status \(status)."
    case .connection(let url, let reason):
      "\(url): \(reason)."
    case .truncated(let url, let received, let expected):
      "\(url): the connection ended after \(received) of \(expected) bytes."
    case .digestMismatch(let file, let expected, let found):
      "\(file): the digest is \(found) but should be \(expected); the file was deleted."
    case .otherFile(let path, let expected, let found):
      "\(path) is not the file that is expected: its digest is \(found) but should be \(expected). Delete it, or put "
        + "the right one there."
    case .noDigest(let url):
      "\(url): the server gives no digest to verify the file with."
    case .commandMissing(let name):
      "The program \(name) is not installed or not in PATH."
    case .commandFailed(let command, let status, let output):
      "\(command) ended with status \(status)\(output.isEmpty ? "" : ": \(output)")"
    case .missingFile(let file, let package):
      "\(package) does not hold \(file)."
    case .wrongSize(let file, let expected, let found):
      "\(file): \(found) bytes arrived where \(expected) were expected; the file was deleted."
    case .repositoryNotFound(let name):
      "\(name) is neither a file or folder here nor a repository that you can see on the Hugging Face hub; a private one "
        + "needs an access token in HF_TOKEN."
    case .revisionNotFound(let repository, let revision):
      "The Hugging Face repository \(repository) has no branch, tag or commit called \(revision)."
    case .gatedRepository(let repository):
      "The Hugging Face repository \(repository) is gated: accept its terms at https://huggingface.co/\(repository), then "
        + "set HF_TOKEN to an access token of that account."
    case .tokenRefused:
      "The Hugging Face hub refused the access token in HF_TOKEN (or in the file that `hf auth login` wrote): it is wrong "
        + "or has expired."
    case .notWhisper(let repository, let type):
      "The Hugging Face repository \(repository) "
        + (type.map { "holds a model of type \($0)" } ?? "has an unreadable config.json")
        + ", not a Whisper model."
    case .noWeights(let repository, let missing, let found):
      "The Hugging Face repository \(repository) has "
        + (missing.map { "no \($0)" } ?? "no model.safetensors, pytorch_model.bin or CTranslate2 model.bin")
        + Self.listing(found) + ", so Swiftlet can't use it."
    case .offline(let model):
      "The model \(model) is not in the cache, and HF_HUB_OFFLINE forbids fetching it."
    case .unexpectedAnswer(let url):
      "\(url): this is not what the Hugging Face hub answers; check HF_ENDPOINT and the proxy."
    }
  }

  /// ` (it holds a, b and 3 more)`, or nothing.
  private static func listing(_ files: [String]) -> String {
    guard !files.isEmpty else { return "" }
    let rest = files.count - 3
    return " (it holds \(files.prefix(3).joined(separator: ", "))\(rest > 0 ? " and \(rest) more" : ""))"
  }
}
