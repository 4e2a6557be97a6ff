// Where the names of points go in a picture, so that they can be read.

/// A rectangle with its sides along the axes; y grows downwards.
struct Box: Hashable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  func overlaps(_ other: Box) -> Bool {
    x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
  }

  func contains(_ other: Box) -> Bool {
    x <= other.x && y <= other.y && other.x + other.width <= x + width
      && other.y + other.height <= y + height
  }
}

/// Finds a place for a label of each point: beside it, else above or below, as near as it can be.
///
/// - Parameters:
///   - points: their centres.
///   - widths: of the labels.
///   - obstacle: how far a point reaches from its centre.
///   - area: what labels are to stay in.
/// - Returns: a box for each label. Where there is no room at all, labels lie over one another.
func placeLabels(
  of points: [(x: Double, y: Double)], widths: [Double], height: Double, obstacle: Double, in area: Box
) -> [Box] {
  let dots = points.map {
    Box(x: $0.x - obstacle, y: $0.y - obstacle, width: 2 * obstacle, height: 2 * obstacle)
  }
  var placed: [Box] = []
  for (point, width) in zip(points, widths) {
    let candidates = candidatePlaces(point, width: width, height: height, gap: obstacle + 4)
    let free = candidates.first { box in
      area.contains(box) && !(dots + placed).contains { $0.overlaps(box) }
    }
    placed.append(free ?? candidates[0])
  }
  return placed
}

/// The right and the left of a point, then ever further above and below it.
private func candidatePlaces(
  _ point: (x: Double, y: Double), width: Double, height: Double, gap: Double
) -> [Box] {
  let columns = [point.x + gap, point.x - gap - width, point.x - width / 2]
  let rows = [0.0] + (1...24).flatMap { [-Double($0), Double($0)] }
  return rows.flatMap { row in
    columns.map { Box(x: $0, y: point.y - height / 2 + row * height, width: width, height: height) }
  }
}
