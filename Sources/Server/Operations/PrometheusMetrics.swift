// swift-metrics in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).

#if Server
import Foundation
import Metrics
import Synchronization

/// Keeps metrics in memory until somebody reads them.
///
/// swift-prometheus would do the same; it is not among the packages that this project can name.
final class PrometheusMetrics: MetricsFactory {
  /// Seconds, and other sizes, at which histograms are cut.
  static let buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]

  private struct Key: Hashable {
    var name: String
    var labels: String
  }

  private enum Value {
    case counter(Double)
    case gauge(Double)
    case histogram(counts: [Int], sum: Double)
  }

  private let values = Mutex<[Key: Value]>([:])
  private let help = Mutex<[String: String]>([:])

  /// Says what a metric is.
  func describe(_ name: String, _ text: String) { help.withLock { $0[name] = text } }

  fileprivate func add(_ amount: Double, to key: (name: String, labels: String)) {
    update(key) { value in
      if case .counter(let sum)? = value { return .counter(sum + amount) }
      return .counter(amount)
    }
  }

  fileprivate func set(_ key: (name: String, labels: String), _ change: (Double) -> Double) {
    update(key) { value in
      if case .gauge(let old)? = value { return .gauge(change(old)) }
      return .gauge(change(0))
    }
  }

  fileprivate func observe(_ sample: Double, _ key: (name: String, labels: String)) {
    update(key) { value in
      var counts = [Int](repeating: 0, count: Self.buckets.count + 1)
      var sum = 0.0
      if case .histogram(let oldCounts, let oldSum)? = value { (counts, sum) = (oldCounts, oldSum) }
      counts[Self.buckets.firstIndex { sample <= $0 } ?? Self.buckets.count] += 1
      return .histogram(counts: counts, sum: sum + sample)
    }
  }

  private func update(_ key: (name: String, labels: String), _ change: (Value?) -> Value) {
    values.withLock { values in
      let key = Key(name: key.name, labels: key.labels)
      values[key] = change(values[key])
    }
  }

  /// All metrics as text.
  var text: String {
    let help = help.withLock { $0 }
    let values = values.withLock { $0 }
    var lines: [String] = []
    for (name, entries) in Dictionary(grouping: values, by: \.key.name).sorted(by: { $0.key < $1.key }) {
      let kind =
        switch entries.first?.value {
        case .counter: "counter"
        case .histogram: "histogram"
        default: "gauge"
        }
      if let text = help[name] { lines.append("# HELP \(name) \(text)") }
      lines.append("# TYPE \(name) \(kind)")
      for (key, value) in entries.sorted(by: { $0.key.labels < $1.key.labels }) {
        switch value {
        case .counter(let number), .gauge(let number):
          lines.append("\(name)\(Self.braces(key.labels)) \(number)")
        case .histogram(let counts, let sum):
          var total = 0
          for (bound, count) in zip(Self.buckets.map { "\($0)" } + ["+Inf"], counts) {
            total += count
            let labels = (key.labels.isEmpty ? "" : key.labels + ",") + "le=\"\(bound)\""
            lines.append("\(name)_bucket{\(labels)} \(total)")
          }
          lines.append("\(name)_sum\(Self.braces(key.labels)) \(sum)")
          lines.append("\(name)_count\(Self.braces(key.labels)) \(total)")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

  private static func key(_ label: String, _ dimensions: [(String, String)]) -> (name: String, labels: String)
  {
    func escaped(_ value: String) -> String {
      value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
    let name = String(
      label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
    return (
      name, dimensions.sorted { $0.0 < $1.0 }.map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
    )
  }

  // MARK: MetricsFactory

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    Handler(self, Self.key(label, dimensions))
  }

  func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler { Handler(self, Self.key(label, dimensions)) }

  func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    Handler(self, Self.key(label, dimensions))
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    Meter(self, Self.key(label, dimensions))
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    Handler(self, Self.key(label, dimensions))
  }

  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}

  /// A metric that only grows, or is a distribution.
  private final class Handler: CounterHandler, FloatingPointCounterHandler, RecorderHandler, TimerHandler {
    private let metrics: PrometheusMetrics
    private let key: (name: String, labels: String)

    init(_ metrics: PrometheusMetrics, _ key: (name: String, labels: String)) {
      self.metrics = metrics
      self.key = key
    }

    func increment(by amount: Int64) { metrics.add(Double(amount), to: key) }
    func increment(by amount: Double) { metrics.add(amount, to: key) }
    func reset() {}
    func record(_ value: Int64) { metrics.observe(Double(value), key) }
    func record(_ value: Double) { metrics.observe(value, key) }
    func recordNanoseconds(_ duration: Int64) { metrics.observe(Double(duration) / 1e9, key) }
  }

  /// A metric that goes up and down.
  private final class Meter: MeterHandler {
    private let metrics: PrometheusMetrics
    private let key: (name: String, labels: String)

    init(_ metrics: PrometheusMetrics, _ key: (name: String, labels: String)) {
      self.metrics = metrics
      self.key = key
    }

    func set(_ value: Int64) { metrics.set(key) { _ in Double(value) } }
    func set(_ value: Double) { metrics.set(key) { _ in value } }
    func increment(by amount: Double) { metrics.set(key) { $0 + amount } }
    func decrement(by amount: Double) { metrics.set(key) { $0 - amount } }
  }
}
#endif
