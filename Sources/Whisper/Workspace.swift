// Matrices that a layer needs while it runs.

import SwiftletCompute

/// Work space for up to `rows` rows, shared by all layers of an encoder or a decoder, one after the other.
package final class Workspace {
  package let rows: Int
  let normalized: Matrix
  let queries: Matrix
  let keys: Matrix
  let values: Matrix
  let attended: Matrix
  let hidden: Matrix

  /// - Parameter width: of the residual stream; the middle of the feed-forward part is four times as wide.
  package init(rows: Int, width: Int) {
    self.rows = rows
    normalized = Matrix(rows: rows, columns: width)
    queries = Matrix(rows: rows, columns: width)
    keys = Matrix(rows: rows, columns: width)
    values = Matrix(rows: rows, columns: width)
    attended = Matrix(rows: rows, columns: width)
    hidden = Matrix(rows: rows, columns: FeedForward.expansion * width)
  }
}
