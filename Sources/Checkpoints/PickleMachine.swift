// Runs the pickle of a checkpoint, as far as tensors, containers and numbers go.

import Foundation

/// A stack machine for Python's pickle format that builds values and calls nothing.
///
/// What a pickle may import is a closed list (``PickleCallable``); anything else is refused by name before it
/// is used. Every step consumes a byte of the pickle at least, and every table is bounded, so hostile input
/// ends in an error.
struct PickleMachine {
  /// The pickle of the largest Whisper takes less than a megabyte.
  private static let longestPickle = 16 << 20
  /// Values on the stack, in the memo and in all containers, each.
  private static let mostValues = 1 << 20

  private let file: MappedFile
  private var reader: ByteReader
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [UInt32: PickleValue] = [:]
  private(set) var sequences: [[PickleValue]] = []
  private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  private(set) var storages: [PickledStorage] = []
  private(set) var tensors: [PickledTensor] = []
  /// Values held by containers.
  private var contained = 0

  /// Runs the pickle in `range` of `file`; the value it leaves is ``run()``'s.
  init(_ file: MappedFile, range: Range<Int>) throws(CheckpointError) {
    guard range.count <= Self.longestPickle else {
      throw .malformed(file: file.name, reason: "its pickle is \(range.count) bytes long")
    }
    self.file = file
    reader = ByteReader(file, range: range)
  }

  /// Runs to the end and gives the value that is left.
  mutating func run() throws(CheckpointError) -> PickleValue {
    while true {
      let byte = try reader.integer(UInt8.self, what: "its pickle")
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw .refusedPickle(file: file.name, what: "pickle opcode 0x\(String(byte, radix: 16))")
      }
      if opcode == .stop { return try pop() }
      try step(opcode)
    }
  }

  private func damaged(_ what: String) -> CheckpointError {
    .malformed(file: file.name, reason: "its pickle has \(what) at byte \(reader.position)")
  }

  private mutating func push(_ value: PickleValue) throws(CheckpointError) {
    guard stack.count < Self.mostValues else {
      throw damaged("more than \(Self.mostValues) values on its stack")
    }
    stack.append(value)
  }

  private mutating func pop() throws(CheckpointError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
      throw damaged("an empty stack")
    }
    return value
  }

  private func top() throws(CheckpointError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.last else { throw damaged("an empty stack") }
    return value
  }

  private mutating func popToMark() throws(CheckpointError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw damaged("no mark") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private mutating func contain(_ count: Int) throws(CheckpointError) {
    contained += count
    guard contained + sequences.count + dictionaries.count < Self.mostValues else {
      throw damaged("more than \(Self.mostValues) values in its containers")
    }
  }

  private mutating func pushTuple(_ values: [PickleValue]) throws(CheckpointError) {
    try contain(values.count)
    sequences.append(values)
    try push(.tuple(sequences.count - 1))
  }

  private mutating func pushDictionary() throws(CheckpointError) {
    try contain(0)
    dictionaries.append([])
    try push(.dictionary(dictionaries.count - 1))
  }

  private mutating func step(_ opcode: PickleOpcode) throws(CheckpointError) {
    switch opcode {
    case .protocol:
      let version = try reader.integer(UInt8.self, what: "its pickle")
      guard version <= 5 else { throw damaged("the unknown protocol \(version)") }
    case .frame: _ = try reader.skip(8, what: "its pickle")
    case .stop: break
    case .mark:
      guard marks.count < Self.mostValues else { throw damaged("too many marks") }
      marks.append(stack.count)
    case .pop: _ = try pop()
    case .popMark: _ = try popToMark()
    case .duplicate: try push(top())
    case .none, .newTrue, .newFalse, .int32, .uint8, .uint16, .long1, .float: try pushNumber(opcode)
    case .unicode8, .unicode32, .unicode64, .string8, .bytes8, .bytes32: try pushText(opcode)
    case .emptyTuple: try pushTuple([])
    case .tuple1: try pushTuple([pop()])
    case .tuple2:
      let second = try pop()
      try pushTuple([pop(), second])
    case .tuple3:
      let third = try pop()
      let second = try pop()
      try pushTuple([pop(), second, third])
    case .tuple: try pushTuple(popToMark())
    case .emptyList:
      try contain(0)
      sequences.append([])
      try push(.list(sequences.count - 1))
    case .append: try append([pop()])
    case .appends: try append(popToMark())
    case .emptyDictionary: try pushDictionary()
    case .setItem:
      let value = try pop()
      try setItems([pop(), value])
    case .setItems: try setItems(popToMark())
    case .put8: try remember(UInt32(reader.integer(UInt8.self, what: "its pickle")))
    case .put32: try remember(reader.integer(UInt32.self, what: "its pickle"))
    case .memoize: try remember(UInt32(memo.count))
    case .get8: try recall(UInt32(reader.integer(UInt8.self, what: "its pickle")))
    case .get32: try recall(reader.integer(UInt32.self, what: "its pickle"))
    case .global: try pushCallable(module: reader.line(what: "a name"), name: reader.line(what: "a name"))
    case .stackGlobal:
      guard let name = try pop().text, let module = try pop().text else {
        throw damaged("an import without a name")
      }
      try pushCallable(module: module, name: name)
    case .reduce:
      let arguments = try pop()
      try call(pop(), arguments)
    case .build: try build()
    case .persistentID: try pushStorage()
    }
  }

  private mutating func pushNumber(_ opcode: PickleOpcode) throws(CheckpointError) {
    let what = "a number of its pickle"
    switch opcode {
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .int32: try push(.integer(Int(reader.integer(Int32.self, what: what))))
    case .uint8: try push(.integer(Int(reader.integer(UInt8.self, what: what))))
    case .uint16: try push(.integer(Int(reader.integer(UInt16.self, what: what))))
    case .float: try push(.float(Double(bitPattern: reader.integer(UInt64.self, what: what).byteSwapped)))
    case .long1:
      let length = Int(try reader.integer(UInt8.self, what: what))
      guard length <= 8 else { throw damaged("a number of \(length) bytes") }
      let bytes = file.data[try reader.skip(length, what: what)]
      let negative = bytes.last.map { $0 >= 0x80 } ?? false
      try push(.integer(bytes.reversed().reduce(negative ? -1 : 0) { $0 << 8 | Int($1) }))
    default: try push(.none)
    }
  }

  private mutating func pushText(_ opcode: PickleOpcode) throws(CheckpointError) {
    let what = "a text of its pickle"
    switch opcode {
    case .unicode8, .string8:
      try push(.text(reader.text(Int(reader.integer(UInt8.self, what: what)), what: what)))
    case .unicode32: try push(.text(reader.text(reader.count(what: what), what: what)))
    case .unicode64:
      let length = try reader.integer(UInt64.self, what: what)
      try push(.text(reader.text(Int(exactly: length) ?? .max, what: what)))
    case .bytes8:
      _ = try reader.skip(Int(reader.integer(UInt8.self, what: what)), what: what)
      try push(.bytes)
    default:
      _ = try reader.skip(reader.count(what: what), what: what)
      try push(.bytes)
    }
  }

  private mutating func append(_ values: [PickleValue]) throws(CheckpointError) {
    guard case .list(let index) = try top() else { throw damaged("an append to something other than a list") }
    try contain(values.count)
    sequences[index] += values
  }

  private mutating func setItems(_ values: [PickleValue]) throws(CheckpointError) {
    guard case .dictionary(let index) = try top(), values.count % 2 == 0 else {
      throw damaged("keys for something other than a dictionary")
    }
    try contain(values.count)
    for pair in stride(from: 0, to: values.count, by: 2) {
      dictionaries[index].append((values[pair], values[pair + 1]))
    }
  }

  private mutating func remember(_ slot: UInt32) throws(CheckpointError) {
    guard memo.count < Self.mostValues else {
      throw damaged("more than \(Self.mostValues) values in its memo")
    }
    memo[slot] = try top()
  }

  private mutating func recall(_ slot: UInt32) throws(CheckpointError) {
    guard let value = memo[slot] else { throw damaged("no value \(slot) in its memo") }
    try push(value)
  }

  private mutating func pushCallable(module: String, name: String) throws(CheckpointError) {
    guard let callable = PickleCallable(module: module, name: name) else {
      throw .refusedPickle(file: file.name, what: "\(module).\(name)")
    }
    try push(.callable(callable))
  }

  private mutating func call(_ callee: PickleValue, _ arguments: PickleValue) throws(CheckpointError) {
    guard case .callable(let callable) = callee, case .tuple(let index) = arguments else {
      throw .refusedPickle(file: file.name, what: "a value that is not a function")
    }
    let values = sequences[index]
    switch callable {
    case .orderedDictionary:
      guard values.isEmpty else { throw damaged("an OrderedDict with arguments") }
      try pushDictionary()
    case .rebuildTensor: try pushTensor(values)
    case .rebuildParameter:
      guard let tensor = values.first, case .tensor = tensor else {
        throw damaged("a parameter without a tensor")
      }
      try push(tensor)
    case .storageType(let name, _): throw .refusedPickle(file: file.name, what: "torch.\(name)")
    }
  }

  /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks[, metadata])`.
  private mutating func pushTensor(_ values: [PickleValue]) throws(CheckpointError) {
    guard values.count >= 4, case .storage(let storage) = values[0], let offset = values[1].integer,
      case .tuple(let size) = values[2], case .tuple(let stride) = values[3]
    else { throw damaged("a tensor without storage, offset, size or stride") }
    let shape = sequences[size].compactMap(\.integer)
    let strides = sequences[stride].compactMap(\.integer)
    guard shape.count == sequences[size].count, strides.count == sequences[stride].count else {
      throw damaged("a tensor whose size or stride is not made of whole numbers")
    }
    // Shapes are copied out of the memo: they count, or a short pickle could repeat a long one without end.
    try contain(shape.count + strides.count + 1)
    tensors.append(PickledTensor(storage: storage, offset: offset, shape: shape, strides: strides))
    try push(.tensor(tensors.count - 1))
  }

  /// `('storage', type, key, location, count)`: the numbers are an entry of the zip file.
  private mutating func pushStorage() throws(CheckpointError) {
    guard case .tuple(let index) = try pop(), sequences[index].count >= 3,
      sequences[index][0] == .text("storage"), let key = sequences[index][2].text,
      case .callable(.storageType(let typeName, let type)) = sequences[index][1]
    else { throw damaged("a reference to something other than a storage") }
    try contain(1)
    storages.append(PickledStorage(key: key, typeName: typeName, type: type))
    try push(.storage(storages.count - 1))
  }

  /// A state dictionary's `_metadata`, which says nothing about the weights; other objects are refused.
  private mutating func build() throws(CheckpointError) {
    _ = try pop()
    guard case .dictionary = try top() else {
      throw .refusedPickle(file: file.name, what: "an object's __setstate__")
    }
  }
}
