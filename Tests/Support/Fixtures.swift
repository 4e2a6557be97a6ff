// Where the tests find their recorded data.

package import Foundation

/// Paths below `Tests/Fixtures`, whatever the working directory is.
package enum Fixtures {
  /// The folder `Tests/Fixtures` of this checkout.
  package static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")

  /// The fixture called `name`, a path relative to `Tests/Fixtures`.
  package static func url(_ name: String) -> URL { folder.appending(path: name) }

  /// Whether this build reads more than WAV files: the package trait `FFmpeg`.
  package static var readsMedia: Bool {
    #if FFmpeg
    true
    #else
    false
    #endif
  }

  /// The recordings among `names` that this build can read.
  package static func readable(_ names: [String]) -> [String] {
    names.filter { readsMedia || $0.hasSuffix(".wav") }
  }
}
