// A checkpoint as an indented tree of modules, for `swiftlet inspect`.

/// The modules of a checkpoint, one a line, indented by two spaces a level: modules with the number of their
/// parameters, tensors with shape and stored type. Neighbouring layers that look the same are shown once, as
/// `layers 0–3 ×4`.
package func moduleTree(of checkpoint: any Checkpoint) -> String {
  var root = ModuleNode()
  for tensor in checkpoint.tensors {
    root.insert(tensor, path: tensor.name.split(separator: ".").map(String.init)[...])
  }
  var lines: [String] = []
  for child in root.orderedChildren { child.node.write(child.name, depth: 0, into: &lines) }
  return lines.joined(separator: "\n")
}

/// A module or, at a leaf, a tensor. Two nodes are equal if what is below them looks the same.
private struct ModuleNode: Equatable {
  private var children: [String: ModuleNode] = [:]
  private var shape: [Int]?
  private var type: StoredType?
  private var parameters = 0

  mutating func insert(_ tensor: TensorDescription, path: ArraySlice<String>) {
    parameters += tensor.elementCount
    guard let name = path.first else {
      shape = tensor.shape
      type = tensor.storedType
      return
    }
    children[name, default: ModuleNode()].insert(tensor, path: path.dropFirst())
  }

  /// Children in the order in which they are used where the name tells it, numbers by value, others by name.
  var orderedChildren: [(name: String, node: ModuleNode)] {
    func rank(_ name: String) -> (Int, Int, String) {
      if let number = Int(name) { return (0, number, "") }
      return (Self.order.firstIndex(of: name) ?? Self.order.count, 0, name)
    }
    return children.map { (name: $0.key, node: $0.value) }.sorted { rank($0.name) < rank($1.name) }
  }

  private static let order = [
    "encoder", "decoder", "conv1", "conv2", "embed_tokens", "embed_positions", "layers",
    "self_attn_layer_norm",
    "self_attn", "encoder_attn_layer_norm", "encoder_attn", "final_layer_norm", "fc1", "fc2", "layer_norm",
    "q_proj", "k_proj", "v_proj", "out_proj", "weight", "bias",
  ]

  func write(_ name: String, depth: Int, into lines: inout [String]) {
    let indentation = String(repeating: "  ", count: depth)
    if let shape, let type {
      lines.append("\(indentation)\(name) \(shape) \(type.rawValue)")
      return
    }
    if name == "layers" {
      writeLayers(depth: depth, into: &lines)
      return
    }
    lines.append("\(indentation)\(name) (\(Self.grouped(parameters)))")
    for child in orderedChildren { child.node.write(child.name, depth: depth + 1, into: &lines) }
  }

  private func writeLayers(depth: Int, into lines: inout [String]) {
    let indentation = String(repeating: "  ", count: depth)
    var layers = orderedChildren[...]
    while let first = layers.first {
      let equal = layers.prefix { $0.node == first.node }
      layers = layers.dropFirst(equal.count)
      let last = equal.last?.name ?? first.name
      let each = Self.grouped(first.node.parameters)
      lines.append(
        equal.count == 1
          ? "\(indentation)layer \(first.name) (\(each))"
          : "\(indentation)layers \(first.name)–\(last) ×\(equal.count) (\(each) each)")
      for child in first.node.orderedChildren { child.node.write(child.name, depth: depth + 1, into: &lines) }
    }
  }

  /// A number with spaces between groups of three digits.
  private static func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return String(
      digits.enumerated().flatMap { index, digit in
        index > 0 && (digits.count - index) % 3 == 0 ? [" ", digit] : [digit]
      })
  }
}
