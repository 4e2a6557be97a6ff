// What `swiftlet compare --precision` takes: a precision, and how to transcribe with it.

import ArgumentParser
import Swiftlet

/// One of our precisions and a way to use it: `bf16`, `int8/fp32`, `int8+fold`, `int8+sequential+beam5`.
struct ComparedPrecision: ExpressibleByArgument, CustomStringConvertible {
  /// As it was given, and as help shows it.
  let description: String
  let precisions: EnginePrecisions
  private let precision: String
  private var isFolded = false
  private var isSequential = false
  private var beamSize: Int?

  init?(argument: String) {
    let parts = argument.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
    guard let pair = PrecisionPair(argument: parts[0]) else { return nil }
    description = argument
    precision = parts[0]
    precisions = pair.precisions
    for part in parts.dropFirst() {
      if part == "fold", !isFolded {
        isFolded = true
      } else if part == "sequential", !isSequential {
        isSequential = true
      } else if part.hasPrefix("beam"), beamSize == nil, let size = Int(part.dropFirst(4)), size > 0 {
        beamSize = size
      } else {
        return nil
      }
    }
  }

  /// Compared if nothing is given.
  static func standard(isLong: Bool) -> [ComparedPrecision] {
    let names = isLong ? ["int8", "int8+sequential"] : ["fp32", "bf16", "int8", "int8+fold"]
    return names.compactMap(ComparedPrecision.init)
  }

  var name: String {
    let words = ["swiftlet", precision, isFolded ? "fold" : nil, isSequential ? "sequential" : nil]
    return (words + [beamSize.map { "beam\($0)" }]).compactMap(\.self).joined(separator: " ")
  }

  /// What `swiftlet drive` is given.
  var arguments: [String] {
    (isFolded ? ["--tail", "fold"] : []) + (isSequential ? ["--sequential"] : [])
      + (beamSize.map { ["--beam-size", "\($0)"] } ?? [])
  }

  /// Why it can't be compared, if it can't.
  func problem(isLong: Bool) -> String? {
    if isLong && isFolded {
      return "\(description): +fold is for clips; with --long, Swiftlet runs with its defaults."
    }
    if !isLong && (isSequential || beamSize != nil) {
      return
        "\(description): +sequential and +beam need --long; clips are decoded greedily, window by window."
    }
    return nil
  }
}
