// What transformers computed for a small random model, and how far a result may be from it.

import SwiftletCheckpoints
import SwiftletCompute
import SwiftletTestSupport
import Testing

/// `Tests/Fixtures/whisper`, made by `Scripts/fixtures/network.py`.
struct Reference {
  private let recorded: SafetensorsFile

  init() throws {
    recorded = try SafetensorsFile(Fixtures.url("whisper/reference.safetensors"))
  }

  func input(_ name: String) throws -> [Float] { try recorded.floats(of: "input.\(name)") }
  func tokens() throws -> [Int] { try recorded.integers(of: "input.tokens") }
  func output(_ name: String) throws -> [Float] { try recorded.floats(of: name) }
  /// The largest error of PyTorch's float32 run.
  func float32Error(of name: String) throws -> Float {
    try #require(recorded.metadata[name].flatMap(Float.init))
  }

  /// Compares `values`, row by row, with the tensor `name`.
  ///
  /// The recorded tensor is the float64 result. PyTorch's float32 run is off by `error` at most, which stands in the
  /// metadata: that is what rounding does to these very sums in one order of adding. Ours is another order and has
  /// exp and GELU good to 2 ulp, so its largest error is another draw from the same distribution: four times `error`,
  /// never met by rounding alone, is the limit, plus half a unit in the last place for the recorded value itself.
  func expect(
    _ values: [Float], are name: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try recorded.floats(of: name)
    let error = try float32Error(of: name)
    try #require(values.count == expected.count, sourceLocation: sourceLocation)
    let largest = expected.map(\.magnitude).max() ?? 0
    let limit = 4 * error + largest * .ulpOfOne / 2
    let difference = zip(values, expected).map { ($0 - $1).magnitude }.reduce(0) {
      $1 > $0 || $1.isNaN ? $1 : $0
    }
    #expect(
      difference <= limit, "\(name): off by \(difference), limit \(limit)", sourceLocation: sourceLocation)
  }
}

extension Matrix {
  /// The first `rows` rows as fp32.
  func values(rows: Int) -> [Float] { Array(values.prefix(rows * columns)) }
}
