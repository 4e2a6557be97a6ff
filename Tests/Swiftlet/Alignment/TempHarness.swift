import Foundation
import SwiftletCompute
import SwiftletTestSupport
import SwiftletText
import SwiftletWhisper
import Testing

@testable import Swiftlet
@testable import SwiftletAudio

@Suite(.serialized) struct Bar {
  @Test(arguments: ["tiny.en", "base"]) func bar(name: String) async throws {
    let env = ProcessInfo.processInfo.environment
    for file in (env["WORDS"] ?? "").split(separator: ",") {
      for precision in (env["PRECISIONS"] ?? "fp32").split(separator: ",") {
        for folded in [false, true] {
          try await run(name, String(file), EnginePrecision(rawValue: String(precision))!, folded)
        }
      }
    }
  }
  func run(_ name: String, _ file: String, _ precision: EnginePrecision, _ folded: Bool) async throws {
    let all = try RecordedWords.load(URL(filePath: file))[name]!
    let a = try await RecordedAlignment(name, precision)
    var d: [Double] = [], pd: [Double] = [], sd: [Double] = []
    var words = 0, wrong = 0, windows = 0
    var time = 0.0, enc = 0.0
    for (f, r) in all.sorted(by: { $0.key < $1.key }) {
      let path = f.hasPrefix("/") ? f : Fixtures.url("speech/\(f)").path
      let s = LogMelSource(decoder: try AudioDecoder(path: path), bins: 80, padding: .zeros)
      for w in r.windows {
        let clock = ContinuousClock()
        let e0 = clock.now
        try a.listen(to: try s.window(at: w.seek, limit: w.frames)!, folded: folded)
        let begin = clock.now
        enc += (begin - e0) / .seconds(1)
        let got = try a.align(w, language: r.language)
        time += (clock.now - begin) / .seconds(1); windows += 1
        for (g, x) in zip(got, w.found) {
          sd.append(abs(g.start - x.start)); sd.append(abs(g.end - x.end))
          if g.words!.map(\.text) != x.words.map(\.text) {
            wrong += 1; print("WORDS", g.words!.map(\.text), x.words.map(\.text)); continue
          }
          for (p, q) in zip(g.words!, x.words) {
            words += 1
            d.append(abs(p.start - q.start)); d.append(abs(p.end - q.end));
            pd.append(abs(p.probability - q.probability))
            if precision == .fp32, !folded, abs(p.start - q.start) > 0.021 || abs(p.end - q.end) > 0.021 {
              print("OFF", name, f, w.seek, p, q)
            }
          }
        }
      }
    }
    d.sort(); pd.sort(); sd.sort()
    func q(_ x: [Double], _ p: Double) -> String {
      String(format: "%.3f", x[min(x.count - 1, Int(Double(x.count) * p))])
    }
    let exact = Double(d.count { $0 < 0.001 }) / Double(d.count),
      in100 = Double(d.count { $0 <= 0.1001 }) / Double(d.count)
    print(
      "BAR \(name) \(URL(filePath: file).lastPathComponent) \(precision.rawValue) \(folded ? "folded" : "exact"): \(words) words, \(wrong) segments differ; median \(q(d, 0.5)) p95 \(q(d, 0.95)) p99 \(q(d, 0.99)) max \(q(d, 1)); equal \(String(format: "%.4f", exact)), within 100 ms \(String(format: "%.4f", in100)); segments p95 \(q(sd, 0.95)) max \(q(sd, 1)); probability median \(q(pd, 0.5)) max \(q(pd, 1)); align \(String(format: "%.1f", time / Double(windows) * 1000)) ms/window, encode+listen \(String(format: "%.1f", enc / Double(windows) * 1000)) ms"
    )
  }
}
