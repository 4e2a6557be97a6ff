// The decoder on a GPU: a step is one graph, whose kernels read from a table which rows there are.

import CDevice
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletDevice

/// Whisper's decoder (see ``TextDecoder``) as a list of launches.
///
/// Every product is one of few rows, however many rows there are: so the order of its sums, and with it every bit of a row, is
/// the same alone and in company.
final class DeviceDecoder {
  private let dimensions: ModelDimensions
  private let precision: DevicePrecision
  let places: Places
  let weights: DeviceWeights
  private let stream: DeviceStream
  /// Keys and values of sequences, and of what they listen to.
  let text: DeviceSlots
  let audio: DeviceSlots
  /// Of each audio slot how many positions it has, `[slots]`, and the logarithms of how many each stands for,
  /// `[slots][positions]`.
  private let audioCounts: DeviceBuffer
  private let audioBias: DeviceBuffer
  /// The residual stream, `[rows][width]`, fp32.
  let residual: DeviceBuffer
  let normalized: DeviceBuffer
  private let queries: DeviceBuffer
  private let attended: DeviceBuffer
  private let hidden: DeviceBuffer
  private let parts: DeviceBuffer
  /// The final hidden states of chosen rows, and their logits, fp32.
  private let chosen: DeviceBuffer
  private let logitsOnDevice: DeviceBuffer
  private let logitsOnHost: HostBuffer
  /// What ``logitsOnHost`` holds.
  let logits: Matrix
  /// The rows of a step, the lists of ``List``, and those whose logits are wanted.
  let table: DeviceTable
  private let chosenTable: DeviceTable
  private var stepGraphs: [Int: Graph] = [:]
  private var logitGraphs: [Int: Graph] = [:]
  private var alignment: AlignmentSpace?

  /// Of each row of a step; -1 for one that only fills up a bucket.
  private enum List: Int {
    case tokens
    case positions
    case textSlots
    case audioSlots
  }

  struct Layer {
    let selfNorm: DeviceNormalization
    let queryKeyValue: DeviceLinear
    let selfOut: DeviceLinear
    let crossNorm: DeviceNormalization
    let crossQuery: DeviceLinear
    let crossKeyValue: DeviceLinear
    let crossOut: DeviceLinear
    let feedForwardNorm: DeviceNormalization
    let first: DeviceLinear
    let second: DeviceLinear
  }

  /// Where the weights lie.
  struct Places {
    let embedding: DeviceLinear
    let smoothing: Int?
    let positions: Int
    let layers: [Layer]
    let norm: DeviceNormalization

    init(_ decoder: TextDecoder, in plan: inout DeviceWeightPlan) throws(EngineError) {
      let precision = decoder.precision.onDevice
      embedding = plan.add(decoder.embedding, precision)
      smoothing = decoder.embedding.smoothing.map { plan.add($0, decoder.embedding.depth) }
      positions = plan.add(try decoder.positions().values)
      var layers: [Layer] = []
      for layer in decoder.layers {
        layers.append(
          Layer(
            selfNorm: plan.add(layer.selfNorm), queryKeyValue: plan.add(layer.queryKeyValue, precision),
            selfOut: plan.add(layer.selfOut, precision), crossNorm: plan.add(layer.crossNorm),
            crossQuery: plan.add(layer.crossQuery, precision),
            crossKeyValue: plan.add(layer.crossKeyValue, precision),
            crossOut: plan.add(layer.crossOut, precision), feedForwardNorm: plan.add(layer.feedForwardNorm),
            first: plan.add(layer.first, precision), second: plan.add(layer.second, precision)))
      }
      self.layers = layers
      norm = plan.add(decoder.norm)
    }
  }

  /// The bytes of its matrices, and of a slot of each kind.
  struct Sizes {
    let rows: Int
    let logitRows: Int
    let residual, normalized, queries, attended, hidden, parts, chosen, logits: Int
    let textSlot, audioSlot: Int

    init(_ dimensions: ModelDimensions, _ precision: DevicePrecision, sequences: Int) {
      let (width, heads) = (dimensions.textWidth, dimensions.textHeads * swiftlet_head_channels)
      rows = max(dimensions.textContext, DeviceDecoder.buckets.last ?? 0)
      logitRows = 2 * sequences
      residual = rows * width * 4
      normalized = rows * width * precision.bytes
      queries = rows * heads * precision.bytes
      attended = queries
      hidden = rows * 4 * width * precision.bytes
      parts = rows * dimensions.textHeads * crossParts(dimensions) * (2 + swiftlet_head_channels) * 4
      chosen = logitRows * width * precision.bytes
      logits = logitRows * dimensions.vocabularySize * 4
      let position = dimensions.textLayers * 2 * heads * precision.bytes
      textSlot = dimensions.textContext * position
      audioSlot = dimensions.audioContext * (position + 4)
    }

    var matrices: Int { residual + normalized + queries + attended + hidden + parts + chosen + logits }
  }

  /// Rows that a graph of a step may have.
  static let buckets = [1, 2, 4, 8, 16, 32, 64]

  init(
    _ dimensions: ModelDimensions, _ precision: DevicePrecision, sequences: Int, textSlots: Int,
    _ places: Places, _ weights: DeviceWeights, stream: DeviceStream
  ) throws(DeviceError) {
    self.dimensions = dimensions
    self.precision = precision
    self.places = places
    self.weights = weights
    self.stream = stream
    let sizes = Sizes(dimensions, precision, sequences: sequences)
    let device = stream.device
    func matrix(_ bytes: Int) throws(DeviceError) -> DeviceBuffer {
      try device.makeBuffer(bytes: bytes, for: "decoding \(sequences) sequences")
    }
    let channels = 2 * dimensions.textHeads * swiftlet_head_channels
    text = try DeviceSlots(
      count: textSlots, layers: dimensions.textLayers, positions: dimensions.textContext, channels: channels,
      precision, for: "the keys and values of \(textSlots) sequences", stream: stream)
    audio = try DeviceSlots(
      count: sequences, layers: dimensions.textLayers, positions: dimensions.audioContext,
      channels: channels, precision, for: "the keys and values of \(sequences) windows", stream: stream)
    audioCounts = try matrix(4 * sequences)
    audioBias = try matrix(4 * sequences * dimensions.audioContext)
    residual = try matrix(sizes.residual)
    normalized = try matrix(sizes.normalized)
    queries = try matrix(sizes.queries)
    attended = try matrix(sizes.attended)
    hidden = try matrix(sizes.hidden)
    parts = try matrix(sizes.parts)
    chosen = try matrix(sizes.chosen)
    logitsOnDevice = try matrix(sizes.logits)
    logitsOnHost = try device.makeHostBuffer(bytes: sizes.logits)
    logits = Matrix(
      rows: sizes.logitRows, columns: dimensions.vocabularySize,
      memory: logitsOnHost.base.assumingMemoryBound(to: Float.self), owner: logitsOnHost)
    let purpose = "decoding \(sequences) sequences"
    table = try DeviceTable([Int](repeating: sizes.rows, count: 4), for: purpose, stream: stream)
    chosenTable = try DeviceTable([sizes.logitRows], for: purpose, stream: stream)
  }

  private var width: Int { dimensions.textWidth }
  private var heads: Int { dimensions.textHeads * swiftlet_head_channels }
  private func list(_ list: List) -> UInt64 { table.address(list.rawValue) }

  // MARK: Listening

  /// The slots of windows that are about to be listened to: what is in them is of no use any more.
  func beginListening(_ stores: [DeviceStore], _ plans: [EncoderPositions]) throws(DeviceError) -> [Int] {
    for (store, plan) in zip(stores, plans) {
      store.rewind(to: 0)
      store.plan = plan
    }
    let slots = try audio.place(stores, counts: plans.map(\.rows)).map(\.slot)
    for (slot, plan) in zip(slots, plans) { try describe(plan, slot: slot) }
    return slots
  }

  /// Computes the cross-attention keys and values of the windows that the encoder has just encoded.
  func listen(to encoder: DeviceEncoder, windows: Int) throws(DeviceError) {
    let rows = dimensions.audioContext
    for (index, layer) in places.layers.enumerated() {
      let linear = layer.crossKeyValue
      var arguments = swiftlet_product_arguments()
      arguments.a = encoder.features.address
      arguments.a_step = UInt64(width)
      arguments.a_window = UInt64(rows * width)
      arguments.b = weights.address(linear.weights)
      arguments.bias = weights.address(linear.bias)
      arguments.c = audio.address(layer: index)
      arguments.c_step = UInt64(linear.columns)
      arguments.c_window = UInt64(dimensions.textLayers * rows * linear.columns)
      arguments.counts = encoder.list(.counts)
      arguments.slots = encoder.list(.slots)
      arguments.rows = Int32(rows)
      arguments.columns = Int32(linear.columns)
      arguments.depth = Int32(linear.depth)
      try stream.launch(.product(precision, arguments, windows: windows))
    }
  }

  /// Says how many positions an audio slot has, and what each stands for.
  private func describe(_ plan: EncoderPositions, slot: Int) throws(DeviceError) {
    try upload([Int32(plan.rows)], to: audioCounts, at: 4 * slot, stream)
    try upload(
      (0..<plan.rows).map(plan.logarithm), to: audioBias, at: 4 * slot * dimensions.audioContext, stream)
  }

  // MARK: Steps

  /// Consumes the pending tokens of sequences, which ``Network/checkStep(_:)`` has found to fit; they are the rows, in order.
  ///
  /// - Parameter observer: receives the cross-attention weights of its heads.
  func step(_ sequences: [TextSequence], observer: CrossAttentionWeights? = nil) throws(DeviceError) {
    let count = try writeRows(sequences)
    guard count > 0 else { return }
    table.isInUse = true
    if let observer, !observer.heads.isEmpty, observer.positions > 0 {
      try table.copy()
      try observe(observer, rows: count)
    } else if let bucket = Self.buckets.first(where: { $0 >= count }), let graph = stepGraphs[bucket] {
      try stream.launch(graph)
    } else {
      try table.copy()
      try run(rows: count)
    }
  }

  /// The rows of a step, filled up with idle ones to a bucket.
  func writeRows(_ sequences: [TextSequence]) throws(DeviceError) -> Int {
    try table.open()
    let stores = sequences.map { $0.store.onDevice(text) }
    let texts = try text.place(stores, counts: sequences.map { $0.position + $0.pending.count })
    let windows = sequences.map { $0.audio.store.onDevice(audio) }
    let audios = try audio.place(windows, counts: windows.map { $0.plan?.rows ?? 0 })
    for (window, place) in zip(windows, audios) where place.isNew {
      try describe(window.plan ?? .exact(positions: 0), slot: place.slot)
    }
    var row = 0
    func set(_ token: Int, _ position: Int, text: Int, audio: Int) {
      table.set(List.tokens.rawValue, row, token)
      table.set(List.positions.rawValue, row, position)
      table.set(List.textSlots.rawValue, row, text)
      table.set(List.audioSlots.rawValue, row, audio)
      row += 1
    }
    for (index, sequence) in sequences.enumerated() {
      for (offset, token) in sequence.pending.enumerated() {
        set(token, sequence.position + offset, text: texts[index].slot, audio: audios[index].slot)
      }
    }
    let count = row
    let filled = Self.buckets.first { $0 >= count } ?? count
    while row < filled { set(-1, 0, text: -1, audio: -1) }
    return count
  }

  /// The launches of a step.
  ///
  /// - Parameter observe: called once the queries of a layer's cross attention are there.
  private func run(
    rows: Int, observe: (_ layer: Int) throws(DeviceError) -> Void = { _ in }
  ) throws(DeviceError) {
    try embed(rows: rows)
    for index in places.layers.indices { try run(layer: index, rows: rows, observe: observe) }
  }

  /// Tokens and their positions to the residual stream.
  func embed(rows: Int) throws(DeviceError) {
    try stream.launch(
      .embed(
        precision,
        swiftlet_embed_arguments(
          table: weights.address(places.embedding.weights), smoothing: weights.address(places.smoothing),
          places: weights.address(places.positions), tokens: list(.tokens), positions: list(.positions),
          c: residual.address, c_step: UInt64(width), width: Int32(width), reserved: 0), rows: rows))
  }

  /// Self attention, cross attention and the feed-forward part, each normalized before and added to the residual stream.
  func run(
    layer index: Int, rows: Int, observe: (_ layer: Int) throws(DeviceError) -> Void = { _ in }
  ) throws(DeviceError) {
    let layer = places.layers[index]
    try normalize(layer.selfNorm, rows: rows)
    try attendSelf(layer: index, rows: rows)
    try normalize(layer.crossNorm, rows: rows)
    try attendCross(layer: index, rows: rows, observe: observe)
    try normalize(layer.feedForwardNorm, rows: rows)
    try multiply(normalized, by: layer.first, into: hidden, rows: rows, flags: swiftlet_result_gelu)
    try add(hidden, by: layer.second, rows: rows)
  }

  /// Attention of what is in ``normalized`` to the tokens so far, whose keys and values it adds to the slots.
  func attendSelf(layer index: Int, rows: Int) throws(DeviceError) {
    let layer = places.layers[index]
    var product = arguments(normalized, layer.queryKeyValue, rows: rows, flags: 0)
    product.c = queries.address
    product.c_step = UInt64(heads)
    product.cache = text.address(layer: index)
    product.cache_column = Int32(heads)
    product.cache_step = UInt64(2 * heads)
    product.slots = list(.textSlots)
    product.positions = list(.positions)
    var attention = attention(to: text, layer: index, positions: dimensions.textContext)
    product.cache_slot = attention.cache_slot
    try stream.launch(.productRows(precision, product))
    attention.slots = list(.textSlots)
    attention.positions = list(.positions)
    try stream.launch(
      .attendSelf(precision, attention, rows: rows, positions: dimensions.textContext))
    try add(attended, by: layer.selfOut, rows: rows)
  }

  /// Attention of what is in ``normalized`` to the sound.
  func attendCross(
    layer index: Int, rows: Int, observe: (_ layer: Int) throws(DeviceError) -> Void = { _ in }
  ) throws(DeviceError) {
    let layer = places.layers[index]
    try multiply(normalized, by: layer.crossQuery, into: queries, rows: rows, flags: 0)
    try observe(index)
    var attention = attention(to: audio, layer: index, positions: dimensions.audioContext)
    attention.slots = list(.audioSlots)
    attention.positions = audioCounts.address
    attention.bias = audioBias.address
    attention.bias_slot = UInt64(dimensions.audioContext)
    attention.parts = parts.address
    attention.parts_stride = Int32(crossParts(dimensions))
    try stream.launch(
      .attendCross(precision, attention, rows: rows, positions: dimensions.audioContext))
    try stream.launch(.joinCross(precision, attention, rows: rows))
    try add(attended, by: layer.crossOut, rows: rows)
  }

  // MARK: Logits

  /// The logits of chosen rows of the last step, in order: the first rows of ``logits``.
  func computeLogits(ofRows rows: [Int]) throws(DeviceError) {
    precondition(rows.count <= logits.rows)
    guard !rows.isEmpty else { return }
    try chosenTable.open()
    let bucket = logitBuckets.first { $0 >= rows.count } ?? rows.count
    for index in 0..<bucket { chosenTable.set(0, index, index < rows.count ? rows[index] : -1) }
    chosenTable.isInUse = true
    if let graph = logitGraphs[bucket] {
      try stream.launch(graph)
    } else {
      try chosenTable.copy()
      try computeLogits(rows: bucket)
    }
    try stream.copy(
      from: logitsOnDevice, to: logitsOnHost, bytes: 4 * rows.count * dimensions.vocabularySize)
    try stream.synchronize()
    table.isInUse = false
    chosenTable.isInUse = false
  }

  private func computeLogits(rows: Int) throws(DeviceError) {
    try normalize(places.norm, rows: rows, sources: chosenTable.address(0), into: chosen)
    try multiply(chosen, by: places.embedding, into: logitsOnDevice, rows: rows, flags: swiftlet_result_fp32)
  }

  /// Rows that a graph of logits may have: powers of two, and as many as there may be at most.
  private var logitBuckets: [Int] { Self.buckets.filter { $0 < logits.rows } + [logits.rows] }

  // MARK: Graphs

  /// Records the graphs of all buckets. All kernels must have been loaded.
  func recordGraphs() throws(DeviceError) {
    for bucket in Self.buckets {
      stepGraphs[bucket] = try stream.capture { () throws(DeviceError) in
        try table.copy()
        try run(rows: bucket)
      }
    }
    for bucket in logitBuckets {
      logitGraphs[bucket] = try stream.capture { () throws(DeviceError) in
        try chosenTable.copy()
        try computeLogits(rows: bucket)
      }
    }
  }

  // MARK: Alignment

  /// Memory for cross-attention weights, kept from one alignment to the next.
  private struct AlignmentSpace {
    let device: DeviceBuffer
    let host: HostBuffer
    /// Heads, and the planes that their weights go to.
    let lists: DeviceBuffer
  }

  /// A step that also computes where its rows look.
  private func observe(_ observer: CrossAttentionWeights, rows: Int) throws(DeviceError) {
    let bytes = 4 * observer.heads.count * rows * observer.positions
    let space = try alignmentSpace(bytes: bytes, heads: observer.heads.count)
    let layers = Dictionary(grouping: observer.heads.indices) { observer.heads[$0].layer }
    var first = 0
    try run(rows: rows) { (layer) throws(DeviceError) in
      guard let listed = layers[layer] else { return }
      let numbers = listed.map { Int32(observer.heads[$0].head) } + listed.map { Int32($0) }
      try upload(numbers, to: space.lists, at: 4 * first, stream)
      let heads = space.lists.address + UInt64(4 * first)
      first += numbers.count
      let attention = attention(to: audio, layer: layer, positions: dimensions.audioContext)
      let arguments = swiftlet_alignment_arguments(
        queries: attention.queries, cache: attention.cache, slots: list(.audioSlots), heads: heads,
        planes: heads + UInt64(4 * listed.count), c: space.device.address, query_step: attention.query_step,
        cache_slot: attention.cache_slot, cache_step: attention.cache_step,
        c_step: UInt64(observer.positions), c_plane: UInt64(rows * observer.positions),
        positions: Int32(observer.positions), scale: attention.scale)
      try stream.launch(.alignment(precision, arguments, listed: listed.count, rows: rows))
    }
    try stream.copy(from: space.device, to: space.host, bytes: bytes)
    try stream.synchronize()
    table.isInUse = false
    let floats = space.host.base.assumingMemoryBound(to: Float.self)
    for (plane, weights) in observer.weights.enumerated() {
      for row in 0..<rows {
        let line = floats + (plane * rows + row) * observer.positions
        weights.withMutableRow(row) { target in
          for position in 0..<observer.positions { target[position] = line[position] }
        }
      }
    }
  }

  private func alignmentSpace(bytes: Int, heads: Int) throws(DeviceError) -> AlignmentSpace {
    if let alignment, alignment.device.bytes >= bytes, alignment.lists.bytes >= 8 * heads { return alignment }
    // What is there goes first: both may not fit.
    alignment = nil
    let purpose = "aligning words"
    let space = AlignmentSpace(
      device: try stream.device.makeBuffer(bytes: bytes, for: purpose),
      host: try stream.device.makeHostBuffer(bytes: bytes),
      lists: try stream.device.makeBuffer(bytes: 8 * heads, for: purpose))
    alignment = space
    return space
  }

  // MARK: Launches

  private func normalize(_ norm: DeviceNormalization, rows: Int) throws(DeviceError) {
    try normalize(norm, rows: rows, sources: 0, into: normalized)
  }

  private func normalize(
    _ norm: DeviceNormalization, rows: Int, sources: UInt64, into output: DeviceBuffer
  ) throws(DeviceError) {
    let arguments = swiftlet_normalize_arguments(
      x: residual.address, gamma: weights.address(norm.gamma), beta: weights.address(norm.beta),
      c: output.address, sources: sources, counts: 0, x_step: UInt64(width), x_window: 0,
      c_step: UInt64(width), c_window: 0, rows: Int32(rows), width: Int32(width), flags: 0,
      epsilon: LayerNormalization.epsilon)
    try stream.launch(.normalize(precision, arguments))
  }

  private func multiply(
    _ input: DeviceBuffer, by linear: DeviceLinear, into output: DeviceBuffer, rows: Int, flags: Int
  ) throws(DeviceError) {
    var arguments = arguments(input, linear, rows: rows, flags: flags)
    arguments.c = output.address
    arguments.c_step = UInt64(linear.columns)
    try stream.launch(.productRows(precision, arguments))
  }

  /// Adds a product to the residual stream.
  private func add(_ input: DeviceBuffer, by linear: DeviceLinear, rows: Int) throws(DeviceError) {
    var arguments = arguments(input, linear, rows: rows, flags: swiftlet_result_fp32)
    arguments.c = residual.address
    arguments.c_step = UInt64(width)
    arguments.residual = residual.address
    arguments.residual_step = UInt64(width)
    try stream.launch(.productRows(precision, arguments))
  }

  private func arguments(
    _ input: DeviceBuffer, _ linear: DeviceLinear, rows: Int, flags: Int
  ) -> swiftlet_few_arguments {
    var arguments = swiftlet_few_arguments()
    arguments.a = input.address
    arguments.a_step = UInt64(linear.depth)
    arguments.b = weights.address(linear.weights)
    arguments.bias = weights.address(linear.bias)
    arguments.rows = Int32(rows)
    arguments.columns = Int32(linear.columns)
    arguments.depth = Int32(linear.depth)
    arguments.flags = Int32(flags)
    return arguments
  }

  /// Attention to a layer's keys and values, of queries that are ready.
  private func attention(
    to slots: DeviceSlots, layer: Int, positions: Int
  ) -> swiftlet_attend_rows_arguments {
    var arguments = swiftlet_attend_rows_arguments()
    arguments.queries = queries.address
    arguments.query_step = UInt64(heads)
    arguments.cache = slots.address(layer: layer)
    arguments.cache_step = UInt64(2 * heads)
    arguments.cache_slot = UInt64(dimensions.textLayers * positions * 2 * heads)
    arguments.c = attended.address
    arguments.c_step = UInt64(heads)
    arguments.heads = Int32(dimensions.textHeads)
    arguments.scale = attentionScale(width, dimensions.textHeads)
    return arguments
  }
}

/// Parts that cross attention is computed in.
private func crossParts(_ dimensions: ModelDimensions) -> Int {
  KernelLaunch<swiftlet_attend_rows_arguments>.crossParts(positions: dimensions.audioContext)
}
