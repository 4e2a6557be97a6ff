// The precisions that an engine can be built at.

import SwiftletCompute

/// How an engine stores its weights and computes with them.
public enum EnginePrecision: String, Codable, Sendable, CaseIterable {
  /// As exact as the reference implementations.
  case fp32
  /// Half the memory of ``fp32``, computed in fp32; in fp16 on a GPU.
  case fp16
  /// Products of bfloat16, summed in fp32.
  case bf16
  /// Products of bytes: weights with a scale for each output, activations with a scale and a zero for each row. A GPU computes
  /// with the same weights in ``bf16``.
  case int8

  var compute: Precision {
    switch self {
    case .fp32: .fp32
    case .fp16: .fp16
    case .bf16: .bf16
    case .int8: .int8
    }
  }
}

/// The precisions of the two engines of a model.
public struct EnginePrecisions: Hashable, Codable, Sendable {
  /// Of the encoder, which looks at the sound once a window.
  public var encoder: EnginePrecision
  /// Of the decoder, which writes token after token.
  public var decoder: EnginePrecision

  /// One for each.
  public init(encoder: EnginePrecision, decoder: EnginePrecision) {
    self.encoder = encoder
    self.decoder = decoder
  }

  /// Both at one precision.
  public init(_ both: EnginePrecision) { self.init(encoder: both, decoder: both) }

  /// What is used if nobody asks for anything else: the fastest, whose word error rate docs/performance.md gives.
  public static let standard = EnginePrecisions(.int8)

  /// What is used on a device if nobody asks for anything else: ``standard`` on a CPU, ``EnginePrecision/bf16`` on a GPU.
  public static func standard(on device: ComputeDevice) -> EnginePrecisions {
    switch device {
    case .automatic, .cpu: .standard
    case .cuda: EnginePrecisions(.bf16)
    }
  }
}
