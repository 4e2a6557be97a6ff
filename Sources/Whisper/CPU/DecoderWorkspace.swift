// The matrices of a decoder step, made once.

import SwiftletCheckpoints
import SwiftletCompute

/// Work space for steps of up to `capacity` rows: all new tokens of all sequences.
final class DecoderWorkspace {
  let capacity: Int
  let heads: Int
  let precision: Precision
  let stream: Matrix
  let normalized: Matrix
  let queries: Matrix
  let attended: Activations
  let hidden: Activations
  /// Final hidden states, fp32, of the rows of the last step.
  let states: Matrix
  let line: [Matrix]
  let panels: [Matrix]
  let attention: [AttentionScratch]
  private let queryScale: Float

  /// The sequences of the current step, their keys and values by layer, those of what they listen to, and their rows.
  private var sequences: [TextSequence] = []
  private var memories: [[AttentionMemory]] = []
  private var audioMemories: [[AttentionMemory]] = []
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
    memories.reserveCapacity(capacity)
    audioMemories.reserveCapacity(capacity)
    ranges.reserveCapacity(capacity)
  }

  /// Takes the pending tokens of `sequences`, at most `capacity`, as the rows of a step.
  func begin(_ sequences: [TextSequence]) {
    self.sequences.removeAll(keepingCapacity: true)
    memories.removeAll(keepingCapacity: true)
    audioMemories.removeAll(keepingCapacity: true)
    ranges.removeAll(keepingCapacity: true)
    rows = 0
    for sequence in sequences {
      let own = sequence.store.memories
      for memory in own { memory.count = sequence.position + sequence.pending.count }
      self.sequences.append(sequence)
      memories.append(own)
      audioMemories.append(sequence.audio.store.memories)
      ranges.append(rows..<rows + sequence.pending.count)
      rows += sequence.pending.count
    }
  }

  /// The sequences' keys and values in a layer, the position of their first row, and their rows.
  func forEachSequence(
    layer: Int, _ body: (_ memory: AttentionMemory, _ position: Int, _ rows: Range<Int>) -> Void
  ) {
    for index in sequences.indices { body(memories[index][layer], sequences[index].position, ranges[index]) }
  }

  /// What sequences listen to in a layer, and their rows. Neighbours that listen to the same go together: its keys and values
  /// are then read once for all of them.
  func forEachAudio(layer: Int, _ body: (_ memory: AttentionMemory, _ rows: Range<Int>) -> Void) {
    var index = 0
    while index < sequences.count {
      let audio = sequences[index].audio
      var last = index
      while last + 1 < sequences.count, sequences[last + 1].audio === audio { last += 1 }
      body(audioMemories[index][layer], ranges[index].lowerBound..<ranges[last].upperBound)
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

extension CrossAttentionWeights {
  /// Takes the weights of one head; called by the thread that has just computed its queries.
  func observe(
    layer: Int, head: Int, _ workspace: DecoderWorkspace, scratch: AttentionScratch, _ context: ComputeContext
  ) {
    guard let index = heads.firstIndex(of: AlignmentHead(layer: layer, head: head)) else { return }
    workspace.forEachAudio(layer: layer) { memory, rows in
      context.attentionWeights(
        workspace.queries, rows: rows, head: head, to: memory, positions: positions,
        scratch: scratch, into: weights[index], outputRow: rows.lowerBound)
    }
  }
}
