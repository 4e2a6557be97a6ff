// How a test says what it needs.

import SwiftletTestSupport
package import Testing

extension Trait where Self == ConditionTrait {
  /// The test needs a model, or takes long: `make test` runs it, `make test-fast` doesn't.
  package static var slow: Self { .enabled(if: !TestTier.isFast, "not one of the fast tests") }
}
