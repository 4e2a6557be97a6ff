// Steps of the decoder, shared by whatever is being decoded.

import SwiftletCompute
import SwiftletWhisper

/// Advances decodings: as many together as one step of the network takes.
final class DecodingSteps {
  private let decoder: TextDecoder
  private let context: ComputeContext
  private let state: TextDecoder.State
  private var sequences: [TextSequence] = []
  private var rows: [Int] = []

  init(decoder: TextDecoder, context: ComputeContext) throws {
    self.decoder = decoder
    self.context = context
    state = try decoder.makeState(context)
    sequences.reserveCapacity(TextDecoder.State.sequences)
    rows.reserveCapacity(TextDecoder.State.logitRows)
  }

  /// Computes what the decoder listens to.
  func listen(to encoded: Matrix, plan: WindowPlan, into audio: AudioMemory) {
    decoder.listen(to: encoded, plan: plan, into: audio, state: state, context: context)
  }

  /// Advances all of `decodings` until they are done.
  ///
  /// - Parameter isCancelled: asked before every step.
  func run(_ decodings: [any SteppedDecoding], isCancelled: () -> Bool) throws {
    while decodings.contains(where: { !$0.sequences.isEmpty }) {
      if isCancelled() { throw CancellationError() }
      try step(decodings)
    }
  }

  /// Advances each of `decodings` by one token; those that are done are passed over.
  func step(_ decodings: [any SteppedDecoding]) throws(WhisperError) {
    var next = 0
    while next < decodings.count {
      let first = next
      gather(decodings, from: &next)
      guard !sequences.isEmpty else { continue }
      try decoder.step(sequences, in: state, context: context)
      chooseRows(decodings, first..<next)
      decoder.computeLogits(ofRows: rows, in: state, context: context)
      var row = 0
      for index in first..<next where !decodings[index].sequences.isEmpty {
        let decoding = decodings[index]
        let count = decoding.sequences.count + (decoding.extraRow == nil ? 0 : 1)
        decoding.advance(LogitRows(matrix: state.logits, first: row, context: context))
        row += count
      }
    }
  }

  /// Takes the sequences of so many decodings as fit into one step, from `next` on.
  private func gather(_ decodings: [any SteppedDecoding], from next: inout Int) {
    sequences.removeAll(keepingCapacity: true)
    var pending = 0
    while next < decodings.count {
      let added = decodings[next].sequences
      let tokens = added.reduce(0) { $0 + $1.pending.count }
      let fits =
        sequences.count + added.count <= TextDecoder.State.sequences
        && pending + tokens <= decoder.dimensions.textContext
      guard fits || sequences.isEmpty else { return }
      sequences.append(contentsOf: added)
      pending += tokens
      next += 1
    }
  }

  /// The rows whose logits are wanted: an extra one and the last ones of each decoding.
  private func chooseRows(_ decodings: [any SteppedDecoding], _ range: Range<Int>) {
    rows.removeAll(keepingCapacity: true)
    var sequence = 0
    for index in range {
      let decoding = decodings[index]
      let count = decoding.sequences.count
      if count > 0, let extra = decoding.extraRow {
        rows.append(state.workspace.firstRow(of: sequence) + extra)
      }
      for offset in 0..<count { rows.append(state.workspace.lastRow(of: sequence + offset)) }
      sequence += count
    }
  }
}
