// What a server measures.

#if Server
import Foundation
import Metrics
import Swiftlet

/// The metrics of a server; `/metrics` shows them.
struct ServerMetrics: Sendable {
  let prometheus = PrometheusMetrics()
  let queueTime: Metrics.Timer
  let firstSegment: Metrics.Timer
  private let audio: FloatingPointCounter
  private let tokens: Counter
  private let speed: Recorder
  private let windows: Counter

  init() {
    queueTime = Metrics.Timer(label: "swiftlet_queue_seconds", dimensions: [], factory: prometheus)
    firstSegment = Metrics.Timer(label: "swiftlet_first_segment_seconds", dimensions: [], factory: prometheus)
    audio = FloatingPointCounter(label: "swiftlet_audio_seconds_total", dimensions: [], factory: prometheus)
    tokens = Counter(label: "swiftlet_tokens_total", dimensions: [], factory: prometheus)
    windows = Counter(label: "swiftlet_windows_total", dimensions: [], factory: prometheus)
    speed = Recorder(label: "swiftlet_realtime_factor", dimensions: [], aggregate: true, factory: prometheus)
    for (name, text) in [
      ("swiftlet_queue_seconds", "Seconds that recordings waited for their turn."),
      ("swiftlet_first_segment_seconds", "Seconds from a recording's turn to its first segment."),
      ("swiftlet_audio_seconds_total", "Seconds of audio transcribed."),
      ("swiftlet_tokens_total", "Tokens decoded."),
      ("swiftlet_windows_total", "Windows of up to 30 s encoded."),
      ("swiftlet_realtime_factor", "Processing time divided by audio time, per recording."),
      ("swiftlet_http_requests_total", "Requests, by route, method and status."),
      ("swiftlet_http_request_seconds", "Seconds from a request's headers to the end of its answer."),
      ("swiftlet_queued_audio_seconds", "Seconds of audio waiting."),
      ("swiftlet_queued_recordings", "Recordings waiting."),
      ("swiftlet_active_recordings", "Recordings being transcribed, which share the network's steps."),
      ("swiftlet_batch_steps", "Steps of the decoder, of the models in memory."),
      (
        "swiftlet_batch_windows",
        "Windows that these steps advanced: divided by the steps, the size of a batch."
      ),
      ("swiftlet_live_sessions", "Live sessions."),
      ("swiftlet_jobs", "Jobs, by status."),
      ("swiftlet_models_loaded", "Models in memory."),
      ("process_resident_memory_bytes", "Resident memory."),
      ("process_start_time_seconds", "When the server started, as a Unix time."),
    ] { prometheus.describe(name, text) }
  }

  /// A request has been answered.
  func answered(route: String, method: String, status: Int, in duration: Duration) {
    Counter(
      label: "swiftlet_http_requests_total",
      dimensions: [("route", route), ("method", method), ("status", "\(status)")], factory: prometheus
    ).increment()
    Metrics.Timer(label: "swiftlet_http_request_seconds", dimensions: [("route", route)], factory: prometheus)
      .record(duration: duration)
  }

  /// A recording has been transcribed.
  func transcribed(seconds: Double, in duration: Duration, timings: Timings) {
    audio.increment(by: seconds)
    tokens.increment(by: timings.tokens)
    windows.increment(by: timings.windows)
    if seconds > 0 { speed.record((duration / .seconds(1)) / seconds) }
  }

  func gauge(_ name: String, _ value: Double, _ dimensions: [(String, String)] = []) {
    Meter(label: name, dimensions: dimensions, factory: prometheus).set(value)
  }

  /// Bytes of memory that this process has; 0 where the system does not say.
  static var residentMemory: Double {
    guard let line = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else { return 0 }
    return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
  }
}

extension Metrics.Timer {
  func record(since begin: ContinuousClock.Instant) { record(duration: ContinuousClock.now - begin) }
}
#endif
