// Where the values of one tensor lie in a file, and how they become fp32.

/// A tensor in a mapped file: checked to lie inside it, not yet read.
struct TensorSource: Sendable {
  let file: MappedFile
  /// Where the first element is, in bytes.
  let offset: Int
  /// Outermost dimension first.
  let shape: [Int]
  let type: StoredType
  /// Elements between neighbours of each dimension; `nil` if the tensor is row-major without gaps.
  let strides: [Int]?
  /// What integers are divided by: nothing, one number, or one a row.
  let scales: [Float]

  /// Rows of the first dimension.
  var rowCount: Int { shape.first ?? 1 }
  /// The product of the shape; the initializer has checked that it does not overflow.
  let elementCount: Int

  /// - Parameters:
  ///   - limit: how many bytes from `offset` on belong to this tensor's storage.
  /// - Throws: ``CheckpointError/truncated(file:what:needed:available:)`` or
  ///   ``CheckpointError/malformed(file:reason:)`` if the elements do not all lie within `limit` bytes.
  init(
    name: String, file: MappedFile, offset: Int, limit: Int, shape: [Int], type: StoredType,
    strides: [Int]? = nil, scales: [Float] = []
  ) throws(CheckpointError) {
    guard let count = checkedProduct(shape), let bytes = checkedProduct([count, type.elementSize]) else {
      throw .malformed(file: file.name, reason: "tensor \(name) has the impossible shape \(shape)")
    }
    // Also with strides: an expanded tensor could ask for far more memory than the file has bytes.
    guard bytes <= limit else {
      throw .truncated(file: file.name, what: "tensor \(name)", needed: bytes, available: limit)
    }
    _ = try file.range(at: offset, count: limit, what: "tensor \(name)")
    if let strides {
      guard strides.count == shape.count, let last = lastElement(shape: shape, strides: strides),
        let end = checkedProduct([last + 1, type.elementSize]), end <= limit
      else {
        throw .malformed(
          file: file.name, reason: "tensor \(name) has strides \(strides) that reach outside its storage")
      }
    }
    guard scales.count <= 1 || scales.count == shape.first else {
      throw .malformed(
        file: file.name, reason: "tensor \(name) has \(scales.count) scales for shape \(shape)")
    }
    guard scales.allSatisfy({ $0.isFinite && $0 != 0 }) else {
      throw .malformed(file: file.name, reason: "tensor \(name) has a scale that is zero or not a number")
    }
    self.file = file
    self.offset = offset
    self.shape = shape
    self.type = type
    self.strides = strides.flatMap { $0 == rowMajorStrides(shape) ? nil : $0 }
    self.scales = scales
    elementCount = count
  }

  private init(slicing whole: TensorSource, rows: Range<Int>) {
    let rowSize = whole.elementCount / max(1, whole.rowCount)
    file = whole.file
    offset = whole.offset + rows.lowerBound * rowSize * whole.type.elementSize
    shape = [rows.count] + whole.shape.dropFirst()
    type = whole.type
    strides = nil
    scales = whole.scales.count == whole.rowCount ? Array(whole.scales[rows]) : whole.scales
    elementCount = rows.count * rowSize
  }

  /// The first dimension cut into `count` equal parts, as fused projections are.
  func split(_ count: Int, name: String) throws(CheckpointError) -> [TensorSource] {
    guard !shape.isEmpty, strides == nil, rowCount % count == 0 else {
      throw .malformed(
        file: file.name, reason: "tensor \(name) of shape \(shape) can't be split into \(count)")
    }
    let rows = rowCount / count
    return (0..<count).map { TensorSource(slicing: self, rows: ($0 * rows)..<(($0 + 1) * rows)) }
  }

  /// The values as fp32, row-major.
  func floats(name: String) throws(CheckpointError) -> [Float] {
    if let strides { return try gathered(strides, name: name) }
    var values = try file.floats(at: offset, count: elementCount, type: type, what: "tensor \(name)")
    if !scales.isEmpty { divide(&values) }
    return values
  }

  private func divide(_ values: inout [Float]) {
    let rowSize = values.count / scales.count
    var span = values.mutableSpan
    for (row, scale) in scales.enumerated() {
      for index in (row * rowSize)..<((row + 1) * rowSize) { span[index] /= scale }
    }
  }

  /// Reads the storage up to the last element that is needed, then picks the elements in row-major order.
  private func gathered(_ strides: [Int], name: String) throws(CheckpointError) -> [Float] {
    guard elementCount > 0, let last = lastElement(shape: shape, strides: strides) else { return [] }
    let storage = try file.floats(at: offset, count: last + 1, type: type, what: "tensor \(name)")
    var result: [Float] = []
    result.reserveCapacity(elementCount)
    var index = [Int](repeating: 0, count: shape.count)
    for _ in 0..<elementCount {
      result.append(storage[zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }])
      for axis in shape.indices.reversed() {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
      }
    }
    return result
  }
}

/// The product, or `nil` if a factor is negative or the product does not fit.
func checkedProduct(_ factors: [Int]) -> Int? {
  var product = 1
  for factor in factors {
    let (next, overflow) = product.multipliedReportingOverflow(by: factor)
    guard factor >= 0, !overflow else { return nil }
    product = next
  }
  return product
}

/// Strides, in elements, of a row-major tensor without gaps.
private func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] &* shape[axis + 1] }
  return strides
}

/// The position of the last element, or `nil` if a stride is negative or a position does not fit.
private func lastElement(shape: [Int], strides: [Int]) -> Int? {
  var last = 0
  for (size, stride) in zip(shape, strides) {
    guard let step = checkedProduct([max(0, size - 1), stride]) else { return nil }
    let (next, overflow) = last.addingReportingOverflow(step)
    guard !overflow, next < .max else { return nil }
    last = next
  }
  return last
}
