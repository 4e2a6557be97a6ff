// The matrices of a decoder step, made once.

package import SwiftletCompute

/// Work space for steps of up to `capacity` rows: all new tokens of all sequences.
package final class DecoderWorkspace {
  let capacity: Int
  let heads: Int
  let precision: Precision
  let stream: Matrix
  let normalized: Matrix
  let queries: Matrix
  let attended: Activations
  let hidden: Activations
  /// Final hidden states, fp32, of the rows of the last step.
  package let states: Matrix
  let line: [Matrix]
  let panels: [Matrix]
  let attention: [AttentionScratch]
  private let queryScale: Float

  /// The sequences of the current step and their rows.
  private(set) var sequences: [TextSequence] = []
  private(set) var ranges: [Range<Int>] = []
  private(set) var rows = 0
  /// Keeps cross-attention weights of the step; nil in all steps but those of an alignment.
  var observer: CrossAttentionWeights?

  init(_ decoder: TextDecoder, _ context: ComputeContext) {
    let threads = context.pool.threads
    let dimensions = decoder.dimensions
    let width = dimensions.textWidth
    let attentionPrecision = decoder.precision.attention
    let headColumns = dimensions.textHeads * PackedLinear.panelColumns
    let capacity = dimensions.textContext
    self.capacity = capacity
    heads = dimensions.textHeads
    precision = decoder.precision
    stream = Matrix(rows: capacity, columns: width, spaced: true)
    normalized = Matrix(rows: capacity, columns: width, element: precision.operand, spaced: true)
    queries = Matrix(
      rows: heads * capacity, columns: PackedLinear.panelColumns, element: attentionPrecision.queries)
    attended = Activations(rows: capacity, columns: headColumns, precision: precision)
    hidden = Activations(rows: capacity, columns: 4 * width, precision: precision)
    states = Matrix(rows: capacity, columns: width)
    line = (0..<threads).map { _ in Matrix(rows: 1, columns: width) }
    panels = (0..<threads).map { _ in Matrix(rows: capacity, columns: PackedLinear.panelColumns) }
    let positions = max(dimensions.textContext, dimensions.audioContext)
    attention = (0..<threads).map { _ in
      AttentionScratch(positions: positions, precision: attentionPrecision, context: context)
    }
    queryScale =
      AttentionMemory.queryScale(headWidth: width / dimensions.textHeads, precision: attentionPrecision)
    sequences.reserveCapacity(capacity)
    ranges.reserveCapacity(capacity)
  }

  /// Takes the pending tokens of `sequences`, at most `capacity`, as the rows of a step.
  func begin(_ sequences: [TextSequence]) {
    self.sequences.removeAll(keepingCapacity: true)
    ranges.removeAll(keepingCapacity: true)
    rows = 0
    for sequence in sequences {
      self.sequences.append(sequence)
      ranges.append(rows..<rows + sequence.pending.count)
      rows += sequence.pending.count
    }
  }

  /// The row of `states` that holds the last token of sequence `index` of the last step.
  package func lastRow(of index: Int) -> Int { ranges[index].upperBound - 1 }

  /// The row of `states` that holds the first token of sequence `index` of the last step.
  package func firstRow(of index: Int) -> Int { ranges[index].lowerBound }

  func forEachSequence(_ body: (TextSequence, Range<Int>) -> Void) {
    for index in sequences.indices { body(sequences[index], ranges[index]) }
  }

  /// Like ``forEachSequence(_:)``, but neighbours that listen to the same audio go together: its keys and values are then
  /// read once for all of them.
  func forEachAudio(_ body: (AudioMemory, Range<Int>) -> Void) {
    var index = 0
    while index < sequences.count {
      let audio = sequences[index].audio
      var last = index
      while last + 1 < sequences.count, sequences[last + 1].audio === audio { last += 1 }
      body(audio, ranges[index].lowerBound..<ranges[last].upperBound)
      index = last + 1
    }
  }

  /// Calls `body` with all rows, a few at a time; on one thread if they are few.
  func forRows(_ thread: Int, _ context: ComputeContext, _ body: (_ rows: Range<Int>) -> Void) {
    let few = 8
    let team = context.pool.team
    guard rows > few else { return team.once(thread: thread) { body(0..<rows) } }
    team.forEach((rows + few - 1) / few, thread: thread) { body($0 * few..<min(rows, ($0 + 1) * few)) }
  }

  func normalize(_ norm: LayerNormalization, _ thread: Int, _ context: ComputeContext) {
    forRows(thread, context) { rows in
      context.normalizeRows(
        stream, rows: rows, with: norm, scratch: line[thread], into: normalized, outputRow: rows.lowerBound)
    }
  }

  func settle(_ activations: Activations, _ thread: Int, _ context: ComputeContext) {
    guard activations.written !== activations.read else { return }
    forRows(thread, context) { activations.settle($0, context) }
  }

  func setQueries(_ head: Int, from panel: Matrix, _ context: ComputeContext) {
    context.convertRows(
      panel, rows: 0..<rows, scale: queryScale, into: queries, outputRow: head * capacity)
  }

  /// Adds the product to the residual stream.
  func addProduct(
    _ input: Matrix, by linear: PackedLinear, _ thread: Int, _ context: ComputeContext
  ) {
    context.productTogether(
      input, rows: rows, by: linear, residual: stream, into: stream, thread: thread)
  }
}
