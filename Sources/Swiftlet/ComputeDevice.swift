// Where a model runs.

import SwiftletDevice

/// What runs a model: the CPU, or an NVIDIA GPU.
public enum ComputeDevice: Hashable, Sendable {
  /// Swiftlet's choice. It is the CPU until Swiftlet's kernels have been checked on a GPU.
  case automatic
  /// The CPU.
  case cpu
  /// An NVIDIA GPU by its number, from 0, with a driver of CUDA 12.0 (525) or newer and of compute capability 8.0 or newer.
  case cuda(index: Int = 0)
}

extension ComputeDevice: LosslessStringConvertible {
  /// From `auto`, `cpu`, `cuda` or `cuda:1`; nil for anything else.
  public init?(_ description: String) {
    switch description {
    case "auto": self = .automatic
    case "cpu": self = .cpu
    case "cuda": self = .cuda()
    default:
      guard description.hasPrefix("cuda:"), let index = Int(description.dropFirst(5)), index >= 0 else {
        return nil
      }
      self = .cuda(index: index)
    }
  }

  /// As ``init(_:)`` reads it.
  public var description: String {
    switch self {
    case .automatic: "auto"
    case .cpu: "cpu"
    case .cuda(let index): index == 0 ? "cuda" : "cuda:\(index)"
    }
  }
}

extension ComputeDevice: Codable {
  /// Reads the ``description``.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let device = Self(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "There is no device \(text); use auto, cpu, cuda or cuda:N.")
    }
    self = device
  }

  /// Writes the ``description``.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension ComputeDevice {
  /// The GPU, ready to be used; nil where the CPU runs the model.
  func open(_ driver: () throws -> Driver) throws -> Device? {
    switch self {
    case .automatic, .cpu: nil
    case .cuda(let index): try Device(driver(), index: index)
    }
  }
}
