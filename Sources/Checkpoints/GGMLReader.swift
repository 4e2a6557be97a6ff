// The ggml files of whisper.cpp.

import Foundation

/// Reads a ggml `.bin` of whisper.cpp (models/convert-pt-to-ggml.py): hyperparameters, mel filters,
/// vocabulary, then tensors up to the end, each with its dimensions innermost first. Mel filters and
/// vocabulary are passed over: both are known from elsewhere.
///
/// - Throws: ``CheckpointError/unsupported(file:what:advice:)`` for quantised files, with the type's name.
func readGGML(_ file: MappedFile) throws(CheckpointError) -> WhisperCheckpoint {
  var reader = ByteReader(file)
  _ = try reader.skip(4, what: "the signature")
  var numbers: [Int] = []
  for _ in 0..<11 { numbers.append(Int(try reader.integer(Int32.self, what: "the header"))) }
  try GGMLType.checkFileType(numbers[10], file: file)
  let dimensions = ModelDimensions(
    melBins: numbers[9], audioContext: numbers[1], audioWidth: numbers[2], audioHeads: numbers[3],
    audioLayers: numbers[4], textContext: numbers[5], textWidth: numbers[6], textHeads: numbers[7],
    textLayers: numbers[8], vocabularySize: numbers[0])
  try dimensions.validate(file: file.name)

  let filters = [try reader.count(what: "the mel filters"), try reader.count(what: "the mel filters"), 4]
  _ = try reader.skip(checkedProduct(filters) ?? .max, what: "the mel filters")
  for _ in 0..<(try reader.count(what: "the vocabulary")) {
    _ = try reader.skip(try reader.count(what: "the length of a token"), what: "a token")
  }
  var sources: [String: TensorSource] = [:]
  while !reader.isAtEnd {
    let (name, source) = try readTensor(&reader)
    guard let target = networkName(ofOpenAI: name) else { continue }
    guard sources.updateValue(source, forKey: target) == nil else {
      throw .duplicateTensor(name: name, file: file.name)
    }
  }
  return try WhisperCheckpoint(
    kind: .ggml, dimensions: dimensions, files: [file.url], name: file.name, sources: sources)
}

private func readTensor(_ reader: inout ByteReader) throws(CheckpointError) -> (String, TensorSource) {
  let file = reader.file
  let rank = try reader.count(what: "the rank of a tensor")
  let nameLength = try reader.count(what: "the name of a tensor")
  let typeNumber = try reader.count(what: "the type of a tensor")
  guard (1...4).contains(rank) else {
    throw .malformed(file: file.name, reason: "a tensor at byte \(reader.position) claims \(rank) dimensions")
  }
  var shape: [Int] = []
  for _ in 0..<rank { shape.insert(try reader.count(what: "the shape of a tensor"), at: 0) }
  let name = try reader.text(nameLength, what: "the name of a tensor")
  let type = try GGMLType.stored(typeNumber, tensor: name, file: file)
  guard let size = checkedProduct(shape + [type.elementSize]) else {
    throw .malformed(file: file.name, reason: "tensor \(name) has the impossible shape \(shape)")
  }
  let bytes = try reader.skip(size, what: "tensor \(name)")
  // whisper.cpp stores the biases of the convolutions as columns.
  if name.hasSuffix(".bias"), shape.count == 2, shape[1] == 1 { shape.removeLast() }
  let source = try TensorSource(
    name: name, file: file, offset: bytes.lowerBound, limit: bytes.count, shape: shape, type: type)
  return (name, source)
}

/// The number types of ggml: two can be read, the others are known by name.
private enum GGMLType {
  /// `enum ggml_type`; gaps are types that were removed.
  private static let names = [
    0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: "q8_0", 9: "q8_1", 10: "q2_K",
    11: "q3_K",
    12: "q4_K", 13: "q5_K", 14: "q6_K", 15: "q8_K", 30: "bf16",
  ]

  /// `enum ggml_ftype`: what most tensors of a file are stored as.
  private static let fileTypes = [
    0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 4: "q4_1 with some f16", 7: "q8_0", 8: "q5_0", 9: "q5_1",
    10: "q2_K",
    11: "q3_K", 12: "q4_K", 13: "q5_K", 14: "q6_K", 24: "bf16",
  ]

  /// Refuses a quantised file before its tensors are looked at. Thousands count versions of the quantisation.
  static func checkFileType(_ number: Int, file: MappedFile) throws(CheckpointError) {
    guard number >= 0 else { throw .malformed(file: file.name, reason: "its type is \(number)") }
    let type = number % 1000
    guard type > 1 else { return }
    throw .unsupported(
      file: file.name, what: "ggml's quantized type \(fileTypes[type] ?? "\(type)")",
      advice: "Use the f16 file of the same model, such as ggml-base.bin instead of ggml-base-q5_1.bin.")
  }

  static func stored(_ number: Int, tensor: String, file: MappedFile) throws(CheckpointError) -> StoredType {
    switch number {
    case 0: return .float32
    case 1: return .float16
    default:
      throw .unsupportedType(
        tensor: tensor, type: "ggml's \(names[number] ?? "type \(number)")", file: file.name)
    }
  }
}
