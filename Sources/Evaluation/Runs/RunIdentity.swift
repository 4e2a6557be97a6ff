// What makes two runs the same, so that one can go on where the other stopped.

import Crypto
import Foundation
import SwiftletBasics

/// One data set through one model at one precision, with everything that the texts depend on.
package struct RunIdentity: Hashable, Codable, Sendable {
  /// Where the data set lies.
  package let dataset: String
  /// The model as it was asked for.
  package let model: String
  /// The published model with these dimensions, if there is one.
  package let publishedModel: String?
  /// SHA-256 of the checkpoint.
  package let digest: String
  /// Of encoder and decoder, where they differ with a slash: `int8/fp32`.
  package let precision: String
  /// How it is decoded.
  package let options: [String: String]
  /// Of the program: its number and a digest of the executable.
  package let version: String

  package init(
    dataset: String, model: String, publishedModel: String?, digest: String, precision: String,
    options: [String: String], version: String
  ) {
    self.dataset = dataset
    self.model = model
    self.publishedModel = publishedModel
    self.digest = digest
    self.precision = precision
    self.options = options
    self.version = version
  }

  /// A name for a file about exactly these runs, without extension.
  package static func fileName(of runs: [RunIdentity]) -> String {
    let lines = runs.map(\.description).sorted().joined(separator: "\n")
    return hexadecimal(SHA256.hash(data: Data(lines.utf8)).prefix(8))
  }
}

extension RunIdentity: CustomStringConvertible {
  package var description: String {
    let options = options.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return "\(model) (\(digest.prefix(12))) at \(precision) on \(dataset), "
      + (options + ["version \(version)"]).joined(separator: ", ")
  }
}
