// The named variables of a CTranslate2 model.bin.

import Foundation

/// The variables of a `model.bin`: where each lies, with aliases resolved.
struct CTranslate2Variables {
  private struct Variable {
    /// The name it is stored under, also if it is found by an alias: its scale goes by that name.
    var name: String
    var shape: [Int]
    var type: ElementType
    var bytes: Range<Int>
  }

  static let version: UInt32 = 6
  static let specification = "WhisperSpec"

  /// The order of CTranslate2's `DataType` enum.
  private static let types: [ElementType] = [.float32, .int8, .int16, .int32, .float16, .bfloat16]

  let file: MappedFile
  private var variables: [String: Variable] = [:]

  /// All names, those of aliases too, in order.
  var names: [String] { variables.keys.sorted() }

  init(_ file: MappedFile) throws(CheckpointError) {
    self.file = file
    var reader = ByteReader(file)
    let version = try reader.integer(UInt32.self, what: "the version")
    guard version == Self.version else {
      throw .unsupported(
        file: file.name, what: "CTranslate2's binary version \(version)",
        advice: "Convert the model with CTranslate2 3 or 4, which write version \(Self.version).")
    }
    let specification = try reader.shortText(what: "the model's kind")
    guard specification == Self.specification else {
      throw .notWhisper(file: file.name, found: "CTranslate2's \(specification)")
    }
    let revision = try reader.integer(UInt32.self, what: "the revision")
    guard revision == 3 else {
      throw .unsupported(
        file: file.name, what: "revision \(revision) of CTranslate2's \(Self.specification)",
        advice: "Convert the model with CTranslate2 3 or 4, which write revision 3.")
    }
    for _ in 0..<(try reader.count(what: "the number of variables")) { try readVariable(&reader) }
    for _ in 0..<(try reader.count(what: "the number of aliases")) { try readAlias(&reader) }
    guard reader.isAtEnd else {
      throw .malformed(file: file.name, reason: "\(reader.end - reader.position) bytes follow its last alias")
    }
  }

  private mutating func readVariable(_ reader: inout ByteReader) throws(CheckpointError) {
    let name = try reader.shortText(what: "the name of a variable")
    let rank = try reader.integer(UInt8.self, what: "the rank of \(name)")
    var shape: [Int] = []
    for _ in 0..<rank { shape.append(try reader.count(what: "the shape of \(name)")) }
    let typeNumber = Int(try reader.integer(UInt8.self, what: "the type of \(name)"))
    guard Self.types.indices.contains(typeNumber) else {
      throw .unsupportedType(tensor: name, type: "CTranslate2's type \(typeNumber)", file: file.name)
    }
    let type = Self.types[typeNumber]
    let size = try reader.count(what: "the size of \(name)")
    guard checkedProduct(shape + [type.size]) == size else {
      throw .malformed(
        file: file.name,
        reason: "variable \(name) of shape \(shape) and type \(type.rawValue) has \(size) bytes")
    }
    let variable = Variable(
      name: name, shape: shape, type: type, bytes: try reader.skip(size, what: "variable \(name)"))
    guard variables.updateValue(variable, forKey: name) == nil else {
      throw .duplicateTensor(name: name, file: file.name)
    }
  }

  /// Equal variables are stored once; the others name the first.
  private mutating func readAlias(_ reader: inout ByteReader) throws(CheckpointError) {
    let alias = try reader.shortText(what: "an alias")
    let target = try reader.shortText(what: "the variable that \(alias) stands for")
    guard let variable = variables[target] else { throw .missingTensor(name: target, file: file.name) }
    guard variables.updateValue(variable, forKey: alias) == nil else {
      throw .duplicateTensor(name: alias, file: file.name)
    }
  }

  func isScalar(_ name: String) -> Bool { variables[name]?.shape.isEmpty ?? false }

  /// Whether the variable holds the scale of another one.
  func isScale(_ name: String) -> Bool {
    name.hasSuffix("_scale") && variables[String(name.dropLast("_scale".count))] != nil
  }

  /// The attribute called `name`.
  func integer(_ name: String) throws(CheckpointError) -> Int {
    guard let variable = variables[name] else { throw .missingTensor(name: name, file: file.name) }
    let start = variable.bytes.lowerBound
    switch (variable.type, variable.shape) {
    case (.int8, []): return Int(try file.integer(at: start, as: Int8.self, what: name))
    case (.int16, []): return Int(try file.integer(at: start, as: Int16.self, what: name))
    case (.int32, []): return Int(try file.integer(at: start, as: Int32.self, what: name))
    default: throw .malformed(file: file.name, reason: "attribute \(name) is not one whole number")
    }
  }

  /// Checks that the attributes describe Whisper's network: other values would need other operators.
  ///
  /// An attribute that is not known here may be zero, which is how CTranslate2 spells "no".
  func checkAttributes() throws(CheckpointError) {
    // Numbers of heads are read elsewhere; which heads word timestamps look at does not change the network.
    let free: Set = [
      "encoder/num_heads", "decoder/num_heads", "decoder/alignment_layer", "decoder/alignment_heads",
    ]
    // 3 is the exact GELU in CTranslate2's ActivationType.
    let expected = [
      "decoder/activation": 3, "encoder/activation": 3, "decoder/pre_norm": 1, "encoder/pre_norm": 1,
    ]
    for name in names where isScalar(name) && !isScale(name) && !free.contains(name) {
      let found = try integer(name)
      guard found == expected[name, default: 0] else {
        throw .unsupported(
          file: file.name, what: "\(name) = \(found)",
          advice: "Whisper's network has \(expected[name, default: 0]) there.")
      }
    }
    if let projection = variables["decoder/projection/weight"] {
      guard let embedding = variables["decoder/embeddings/weight"] else {
        throw .missingTensor(name: "decoder/embeddings/weight", file: file.name)
      }
      guard projection.bytes == embedding.bytes else {
        throw .unexpectedTensor(name: "decoder/projection/weight", file: file.name)
      }
    }
  }

  /// The place of a variable of numbers, with its scales if it is quantised.
  func source(_ name: String) throws(CheckpointError) -> TensorSource {
    guard let variable = variables[name] else { throw .missingTensor(name: name, file: file.name) }
    let type: StoredType
    var scales: [Float] = []
    switch variable.type {
    case .int8, .int16:
      let scaleName = variable.name + "_scale"
      guard let scale = variables[scaleName] else { throw .missingTensor(name: scaleName, file: file.name) }
      guard scale.type == .float32, scale.shape.count <= 1 else {
        throw .malformed(file: file.name, reason: "\(scaleName) is not a list of float32 numbers")
      }
      type = variable.type == .int8 ? .int8 : .int16
      scales = try file.floats(
        at: scale.bytes.lowerBound, count: scale.bytes.count / 4, type: .float32, what: scaleName)
      guard !scales.isEmpty else { throw .malformed(file: file.name, reason: "\(scaleName) is empty") }
    default:
      guard let stored = variable.type.stored else {
        throw .unsupportedType(tensor: name, type: variable.type.rawValue, file: file.name)
      }
      type = stored
    }
    return try TensorSource(
      name: name, file: file, offset: variable.bytes.lowerBound, limit: variable.bytes.count,
      shape: variable.shape, type: type, scales: scales)
  }
}

extension ByteReader {
  /// A text as CTranslate2 writes it: a 16-bit length that counts the zero at the end.
  fileprivate mutating func shortText(what: String) throws(CheckpointError) -> String {
    let length = Int(try integer(UInt16.self, what: what))
    guard length > 0 else { throw .malformed(file: file.name, reason: "\(what) has no length") }
    let text = try text(length, what: what)
    guard text.last == "\0" else {
      throw .malformed(file: file.name, reason: "\(what) does not end in a zero")
    }
    return String(text.dropLast())
  }
}
