// The precisions of an engine, and what each means for the operands of a product.

import CKernels

/// How an engine stores its weights and multiplies by them. LayerNorm, softmax and the residual stream are fp32 in all.
package enum Precision: String, Sendable, CaseIterable, Codable {
  case fp32
  /// Stored in half the bytes, widened as it is read, computed in fp32.
  case fp16
  /// Both operands bf16, sums in fp32; attention in bf16.
  case bf16
  /// Weights in signed bytes with a scale for each output channel, activations in unsigned bytes with a scale and a
  /// zero for each row, sums in int32; attention's scores the same way, the rest of it in bf16.
  case int8

  /// The type that the rows of a product's left operand are in.
  package var operand: Element {
    switch self {
    case .fp32, .fp16: .fp32
    case .bf16: .bf16
    case .int8: .uint8
    }
  }

  /// The types of attention's operands.
  package var attention: AttentionPrecision {
    switch self {
    case .fp32, .fp16: .fp32
    case .bf16: .bf16
    case .int8: .byteScores
    }
  }

  /// What convolutions are computed in: their rows overlap, so that bytes would have no one scale a row.
  package var convolution: Precision { self == .int8 ? .bf16 : self }

  /// Bytes of a stored weight.
  package var weightBytes: Int {
    switch self {
    case .fp32: 4
    case .fp16, .bf16: 2
    case .int8: 1
    }
  }

  /// Values of one column that are multiplied together and stand side by side in a panel.
  package var group: Int { operand.group }

  /// `depth` filled up to whole groups.
  package func padded(_ depth: Int) -> Int { (depth + group - 1) / group * group }

  /// GELU as exact as the type that its result is rounded to.
  package var gelu: Activation { operand == .fp32 ? .gelu : .coarseGelu }

  var operands: swiftlet_operands {
    switch self {
    case .fp32: swiftlet_operands_f32
    case .fp16: swiftlet_operands_f16
    case .bf16: swiftlet_operands_bf16
    case .int8: swiftlet_operands_int8
    }
  }
}

/// The types of attention's operands. Softmax is fp32 in all.
package enum AttentionPrecision: Sendable, CaseIterable {
  case fp32
  case bf16
  /// Scores are products of bytes: queries unsigned, with a scale and a zero for each row of a head, keys signed, with a
  /// scale for each position of a head. What softmax makes of them, and values, are bf16: most of its weights are far below
  /// the largest, and bytes would lose them.
  case byteScores

  package var queries: Element {
    switch self {
    case .fp32: .fp32
    case .bf16: .bf16
    case .byteScores: .uint8
    }
  }

  /// Of the values, and of the weights that multiply them.
  package var values: Element { self == .fp32 ? .fp32 : .bf16 }

  /// Bytes of a key and a value of one channel.
  package var keyValueBytes: Int { queries.size + values.size }

  var scoring: swiftlet_operands {
    switch self {
    case .fp32: swiftlet_operands_f32
    case .bf16: swiftlet_operands_bf16
    case .byteScores: swiftlet_operands_int8
    }
  }

  var weighing: swiftlet_operands { self == .fp32 ? swiftlet_operands_f32 : swiftlet_operands_bf16 }
}

/// The type of a matrix's values.
package enum Element: Sendable {
  case fp32
  case bf16
  /// x = scale · (q - zero), with one scale and zero a row.
  case uint8

  package var size: Int {
    switch self {
    case .fp32: 4
    case .bf16: 2
    case .uint8: 1
    }
  }

  /// Neighbouring values that one multiply-add takes in together.
  var group: Int {
    switch self {
    case .fp32: 1
    case .bf16: 2
    case .uint8: 4
    }
  }

  var rows: swiftlet_rows {
    switch self {
    case .fp32: swiftlet_rows_f32
    case .bf16: swiftlet_rows_bf16
    case .uint8: swiftlet_rows_u8
    }
  }
}

/// What is applied to a product's result before the residual is added.
package enum Activation: Sendable {
  case none
  /// x/2 (1 + erf(x/√2)) (Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, the exact form).
  case gelu
  /// The same to 2e-4, for results that are rounded to bf16 or bytes.
  case coarseGelu

  var code: swiftlet_activation {
    switch self {
    case .none: swiftlet_activation_none
    case .gelu: swiftlet_activation_gelu
    case .coarseGelu: swiftlet_activation_gelu_coarse
    }
  }
}
