// Which tests run: all, or those that need no model and are quick.

package import Foundation

/// The two tiers of tests, `make test-fast` and `make test`.
package enum TestTier {
  /// Whether only tests run that are quick and need neither a model nor a network.
  package static let isFast = ["1", "yes", "true"].contains(
    ProcessInfo.processInfo.environment["SWIFTLET_FAST_TESTS"] ?? "")

  /// Whether networks run on emulated GPUs: `Scripts/sanitize` says no, for sanitizers don't know the emulator's fibers.
  package static let emulatesDevices =
    ProcessInfo.processInfo.environment["SWIFTLET_WITHOUT_EMULATION"] != "1"

  /// The cache of the tests, never the user's: `SWIFTLET_TEST_CACHE`, or `.build-tests/cache` in this checkout.
  package static let cache: URL = {
    if let path = ProcessInfo.processInfo.environment["SWIFTLET_TEST_CACHE"], !path.isEmpty {
      return URL(filePath: path, directoryHint: .isDirectory).absoluteURL
    }
    return Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: ".build-tests/cache", directoryHint: .isDirectory)
  }()
}
