// A priority queue of integers.

/// A binary heap whose smallest element comes out first; insertion and removal take logarithmic time.
struct MinimumHeap {
  private var elements: [UInt64] = []

  mutating func removeAll() { elements.removeAll(keepingCapacity: true) }

  mutating func insert(_ element: UInt64) {
    var hole = elements.count
    elements.append(element)
    while hole > 0, elements[(hole - 1) / 2] > element {
      elements[hole] = elements[(hole - 1) / 2]
      hole = (hole - 1) / 2
    }
    elements[hole] = element
  }

  mutating func popSmallest() -> UInt64? {
    guard let smallest = elements.first, let last = elements.popLast() else { return nil }
    guard !elements.isEmpty else { return smallest }
    var hole = 0
    while true {
      var child = 2 * hole + 1
      guard child < elements.count else { break }
      if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
      guard elements[child] < last else { break }
      elements[hole] = elements[child]
      hole = child
    }
    elements[hole] = last
    return smallest
  }
}
