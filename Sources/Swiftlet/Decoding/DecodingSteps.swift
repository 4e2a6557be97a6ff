// Steps of the decoder, shared by whatever is being decoded.

import SwiftletCompute
import SwiftletWhisper

/// Advances decodings: as many together as one step of the network takes.
final class DecodingSteps {
  private let network: any Network
  private let context: ComputeContext
  private var sequences: [TextSequence] = []
  /// The decodings that `sequences` are of, by their places.
  private var members: [Int] = []
  private var rows: [Int] = []

  /// - Parameter context: what tokens are chosen with.
  init(_ network: any Network, context: ComputeContext) {
    self.network = network
    self.context = context
    sequences.reserveCapacity(network.maximumSequences)
    members.reserveCapacity(network.maximumSequences)
    rows.reserveCapacity(network.maximumLogitRows)
  }

  /// A decoding that could not be advanced.
  struct Failure {
    /// Its place among those that were to be advanced.
    var index: Int
    var error: WhisperError
  }

  /// Advances each of `decodings` by one token; those that are done are passed over.
  ///
  /// - Returns: those that could not be advanced. The others are not affected.
  func step(_ decodings: [any SteppedDecoding]) -> [Failure] {
    var failures: [Failure] = []
    var next = 0
    while next < decodings.count {
      gather(decodings, from: &next, &failures)
      guard !members.isEmpty else { continue }
      chooseRows(decodings)
      let logits: Matrix
      do throws(WhisperError) {
        try network.step(sequences)
        logits = try network.computeLogits(ofRows: rows)
      } catch {
        failures += members.map { Failure(index: $0, error: error) }
        continue
      }
      var row = 0
      for index in members {
        let decoding = decodings[index]
        let count = decoding.sequences.count + (decoding.extraRow == nil ? 0 : 1)
        decoding.advance(LogitRows(matrix: logits, first: row, context: context))
        row += count
      }
    }
    return failures
  }

  /// Takes the sequences of so many decodings as fit into one step, from `next` on, and leaves out those that fit into none.
  private func gather(
    _ decodings: [any SteppedDecoding], from next: inout Int, _ failures: inout [Failure]
  ) {
    sequences.removeAll(keepingCapacity: true)
    members.removeAll(keepingCapacity: true)
    var pending = 0
    while next < decodings.count {
      let added = decodings[next].sequences
      do throws(WhisperError) {
        let tokens = try network.checkStep(added)
        let fits =
          sequences.count + added.count <= network.maximumSequences
          && pending + tokens <= network.dimensions.textContext
        guard fits || members.isEmpty else { return }
        if !added.isEmpty { members.append(next) }
        sequences.append(contentsOf: added)
        pending += tokens
      } catch {
        failures.append(Failure(index: next, error: error))
      }
      next += 1
    }
  }

  /// The rows of the next step whose logits are wanted: an extra one and the last ones of each decoding.
  private func chooseRows(_ decodings: [any SteppedDecoding]) {
    rows.removeAll(keepingCapacity: true)
    var row = 0
    for index in members {
      if let extra = decodings[index].extraRow { rows.append(row + extra) }
      for sequence in decodings[index].sequences {
        row += sequence.pending.count
        rows.append(row - 1)
      }
    }
  }
}
