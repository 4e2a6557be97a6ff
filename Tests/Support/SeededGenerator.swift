// A small random generator whose sequence depends on its seed alone, so that a failing test can be repeated.

package import SwiftletBasics

package typealias SeededGenerator = SwiftletBasics.SeededGenerator
