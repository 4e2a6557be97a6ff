// What operators ask: is it alive, is it ready, how is it doing.

#if Server
import Foundation
import HTTPTypes
import Hummingbird

/// `/health`, `/ready`, `/metrics` and `/openapi.json`.
struct OperationRoutes: Sendable {
  let models: ModelPool
  let queue: AdmissionQueue
  let metrics: ServerMetrics
  let live: LiveSessions
  let access: Access
  let shutdown: ShutdownState
  let jobCounts: @Sendable () async -> [String: Int]

  private let start = Date().timeIntervalSince1970

  init(
    models: ModelPool, queue: AdmissionQueue, metrics: ServerMetrics, live: LiveSessions, access: Access,
    shutdown: ShutdownState, jobCounts: @escaping @Sendable () async -> [String: Int]
  ) {
    self.models = models
    self.queue = queue
    self.metrics = metrics
    self.live = live
    self.access = access
    self.shutdown = shutdown
    self.jobCounts = jobCounts
  }

  private struct Status: Encodable {
    var status: String
  }

  func add(to router: Router<ServerContext>) {
    router.get("health") { _, _ in JSON.response(Status(status: "ok")) }
    router.get("ready") { _, _ in
      // It is ready when a request would be served at once, or soon.
      if shutdown.hasBegun { return JSON.response(Status(status: "stopping"), status: .serviceUnavailable) }
      guard await models.hasLoaded else {
        return JSON.response(Status(status: "loading"), status: .serviceUnavailable)
      }
      return JSON.response(Status(status: "ready"))
    }
    router.get("metrics") { request, _ in
      _ = try access.check(authorization: request.headers[.authorization])
      await sample()
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.prometheus.text)))
    }
    router.get("openapi.json") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json)))
    }
  }

  private func sample() async {
    metrics.gauge("swiftlet_queued_audio_seconds", await queue.queuedSeconds)
    metrics.gauge("swiftlet_queued_recordings", Double(await queue.queuedCount))
    metrics.gauge("swiftlet_active_recordings", Double(await queue.activeCount))
    metrics.gauge("swiftlet_live_sessions", Double(live.count))
    metrics.gauge("swiftlet_models_loaded", Double(await models.entries.filter(\.isLoaded).count))
    let steps = await models.decoderSteps
    metrics.gauge("swiftlet_batch_steps", Double(steps.steps))
    metrics.gauge("swiftlet_batch_windows", Double(steps.windows))
    for (status, count) in await jobCounts() {
      metrics.gauge("swiftlet_jobs", Double(count), [("status", status)])
    }
    metrics.gauge("process_resident_memory_bytes", ServerMetrics.residentMemory)
    metrics.gauge("process_start_time_seconds", start)
  }
}
#endif
