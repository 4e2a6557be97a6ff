// Steps of the decoder, shared by whatever is being decoded.

import SwiftletCompute
import SwiftletWhisper

/// Advances decodings: as many together as one step of the network takes.
final class DecodingSteps {
  private let decoder: TextDecoder
  private let context: ComputeContext
  /// Free for other work between steps.
  let state: TextDecoder.State
  private var sequences: [TextSequence] = []
  /// The decodings that `sequences` are of, by their places.
  private var members: [Int] = []
  private var rows: [Int] = []

  init(decoder: TextDecoder, context: ComputeContext) throws {
    self.decoder = decoder
    self.context = context
    state = try decoder.makeState(context)
    sequences.reserveCapacity(TextDecoder.State.sequences)
    members.reserveCapacity(TextDecoder.State.sequences)
    rows.reserveCapacity(TextDecoder.State.logitRows)
  }

  /// Computes what the decoder listens to.
  func listen(to encoded: Matrix, at positions: EncoderPositions, into audio: AudioMemory) {
    decoder.listen(to: encoded, at: positions, into: audio, state: state, context: context)
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
      do throws(WhisperError) {
        try decoder.step(sequences, in: state, context: context)
      } catch {
        failures += members.map { Failure(index: $0, error: error) }
        continue
      }
      chooseRows(decodings)
      decoder.computeLogits(ofRows: rows, in: state, context: context)
      var row = 0
      for index in members {
        let decoding = decodings[index]
        let count = decoding.sequences.count + (decoding.extraRow == nil ? 0 : 1)
        decoding.advance(LogitRows(matrix: state.logits, first: row, context: context))
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
        let tokens = try decoder.checkStep(added)
        let fits =
          sequences.count + added.count <= TextDecoder.State.sequences
          && pending + tokens <= decoder.dimensions.textContext
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

  /// The rows whose logits are wanted: an extra one and the last ones of each decoding.
  private func chooseRows(_ decodings: [any SteppedDecoding]) {
    rows.removeAll(keepingCapacity: true)
    var sequence = 0
    for index in members {
      let decoding = decodings[index]
      let count = decoding.sequences.count
      if let extra = decoding.extraRow {
        rows.append(state.workspace.firstRow(of: sequence) + extra)
      }
      for offset in 0..<count { rows.append(state.workspace.lastRow(of: sequence + offset)) }
      sequence += count
    }
  }
}
