// What an encoder engine and a decoder engine consist of.

package import SwiftletCheckpoints
package import SwiftletCompute

/// The two halves of a network, each an engine of its own.
package enum EnginePart: String, Sendable, CaseIterable {
  case encoder
  case decoder

  package var fileName: String { "\(rawValue).safetensors" }
}

/// The tensors of one engine.
package struct EngineRecipe: Sendable {
  package var part: EnginePart
  package var precision: Precision
  package var linears: [LinearRecipe] = []
  /// Layer normalizations by name, each `[width]` twice.
  package var norms: [String] = []
  /// Width of the residual stream.
  package var width: Int
  /// Rows of the position embedding.
  package var positions: Int

  package init(_ part: EnginePart, precision: Precision, dimensions: ModelDimensions) {
    self.part = part
    self.precision = precision
    let isEncoder = part == .encoder
    width = isEncoder ? dimensions.audioWidth : dimensions.textWidth
    positions = isEncoder ? dimensions.audioContext : dimensions.textContext
    let heads = isEncoder ? dimensions.audioHeads : dimensions.textHeads
    let layers = isEncoder ? dimensions.audioLayers : dimensions.textLayers
    let headColumns = heads * PackedLinear.panelColumns

    func add(
      _ name: String, columns: Int, depth: Int, _ source: LinearRecipe.Source, precision: Precision? = nil,
      hasBias: Bool = true, after norm: String? = nil
    ) {
      let precision = precision ?? self.precision
      linears.append(
        LinearRecipe(
          name: name, precision: precision, columns: columns, depth: depth, source: source, heads: heads,
          hasBias: hasBias, smoothedNorm: precision == .int8 && !isEncoder ? norm : nil))
    }
    if isEncoder {
      for (name, inputs) in [("conv1", dimensions.melBins), ("conv2", width)] {
        add(
          "encoder.\(name)", columns: width, depth: inputs * LinearRecipe.taps,
          .convolution("encoder.\(name)"), precision: precision.convolution)
      }
    } else {
      add(
        "decoder.embed_tokens", columns: dimensions.vocabularySize, depth: width,
        .plain("decoder.embed_tokens"), hasBias: false, after: "decoder.layer_norm")
    }
    for index in 0..<layers {
      let layer = "\(part.rawValue).layers.\(index)"
      let attention = "\(layer).self_attn"
      norms.append("\(layer).self_attn_layer_norm")
      add(
        "\(attention).qkv", columns: 3 * headColumns, depth: width,
        .toHeads(["\(attention).q_proj", "\(attention).k_proj", "\(attention).v_proj"]),
        after: "\(layer).self_attn_layer_norm")
      add(
        "\(attention).out_proj", columns: width, depth: headColumns, .fromHeads("\(attention).out_proj"))
      if !isEncoder {
        let cross = "\(layer).encoder_attn"
        norms.append("\(layer).encoder_attn_layer_norm")
        add(
          "\(cross).q", columns: headColumns, depth: width, .toHeads(["\(cross).q_proj"]),
          after: "\(layer).encoder_attn_layer_norm")
        add(
          "\(cross).kv", columns: 2 * headColumns, depth: width,
          .toHeads(["\(cross).k_proj", "\(cross).v_proj"]))
        add("\(cross).out_proj", columns: width, depth: headColumns, .fromHeads("\(cross).out_proj"))
      }
      norms.append("\(layer).final_layer_norm")
      add("\(layer).fc1", columns: 4 * width, depth: width, .plain("\(layer).fc1"))
      add("\(layer).fc2", columns: width, depth: 4 * width, .plain("\(layer).fc2"))
    }
    norms.append("\(part.rawValue).layer_norm")
  }
}

extension Precision {
  /// What a safetensors file calls the stored type.
  var elementType: ElementType {
    switch self {
    case .fp32: .float32
    case .fp16: .float16
    case .bf16: .bfloat16
    case .int8: .int8
    }
  }
}

extension LinearRecipe {
  /// The shape of the packed weights: `[panels][depth / g][64][g]`.
  var packedShape: [Int] {
    [
      PackedLinear.panels(columns: columns), precision.padded(depth) / precision.group,
      PackedLinear.panelColumns, precision.group,
    ]
  }
  /// Columns filled up to whole panels.
  var wideColumns: Int { PackedLinear.panels(columns: columns) * PackedLinear.panelColumns }
}
