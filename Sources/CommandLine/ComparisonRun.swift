// Starts the engines that are compared, and has them run in turn.

import Foundation
import Swiftlet
import SwiftletEvaluation

/// An engine that is to be compared, before it is started.
struct ComparedEngine {
  let name: String
  let isSwiftlet: Bool
  let request: ComparisonRequest
  let start: () throws -> DriverProcess
}

/// Engines that are loaded, and what they have answered so far. Not to be used by two tasks at once.
final class ComparisonRun {
  private struct Running {
    let driver: DriverProcess
    var contender: Contender
  }

  private var running: [Running] = []
  /// Those that ended before all was done, if they had passes.
  private var stopped: [Contender] = []
  private(set) var failures: [Comparison.Failure]
  /// All passes of all engines that are still there.
  private(set) var completePasses = 0
  private let clips: Int

  /// - Parameters:
  ///   - clips: how many recordings there are.
  ///   - failures: what was found before anything was started.
  init(clips: Int, failures: [Comparison.Failure]) {
    self.clips = clips
    self.failures = failures
  }

  /// What can be said of the passes that all engines have finished.
  var contenders: [Contender] {
    running.map { one in
      var contender = one.contender
      contender.passes = Array(contender.passes.prefix(completePasses))
      return contender
    } + stopped
  }

  /// Loads an engine; if that fails the others go on without it.
  ///
  /// - Throws: `CancellationError`.
  func load(_ engine: ComparedEngine) async throws {
    StandardError.progress("\(engine.name): loading")
    do {
      let driver = try engine.start()
      do {
        try driver.send(JSONEncoder().encode(engine.request))
        let ready = try await driver.answer(ComparisonReady.self)
        running.append(
          Running(
            driver: driver,
            contender: Contender(name: engine.name, isSwiftlet: engine.isSwiftlet, load: ready.load)))
      } catch {
        driver.end()
        throw error
      }
    } catch let error where error is CancellationError {
      throw error
    } catch {
      fail(engine.name, error)
    }
  }

  /// Runs every engine once in each pass, the order turned by one.
  ///
  /// - Throws: `CancellationError`; what was done until then is in ``contenders``.
  func measure(passes: Int) async throws {
    for number in 0..<passes where !running.isEmpty {
      let names = running.map(\.contender.name)
      let turn = number % names.count
      for name in names[turn...] + names[..<turn] { try await runOnce(name, pass: number) }
      completePasses = number + 1
    }
  }

  private func runOnce(_ name: String, pass number: Int) async throws {
    guard let place = running.firstIndex(where: { $0.contender.name == name }) else { return }
    let driver = running[place].driver
    StandardError.progress("pass \(number + 1): \(name)")
    do {
      try driver.send(Data("go".utf8))
      let pass = try await driver.answer(ComparedPass.self)
      if let problem = pass.problem(clips: clips) { throw DriverFailure(description: problem) }
      running[place].contender.passes.append(pass)
      StandardError.message(
        "pass \(number + 1): \(name) \(String(format: "%.2f s, %.1f x real time", pass.seconds, pass.speed))")
    } catch let error where error is CancellationError {
      throw error
    } catch {
      fail(name, error)
      driver.end()
      let contender = running.remove(at: place).contender
      if !contender.passes.isEmpty { stopped.append(contender) }
    }
  }

  private func fail(_ name: String, _ error: any Error) {
    failures.append(Comparison.Failure(name: name, reason: "\(error)"))
    StandardError.message("\(name) is left out: \(error)")
  }

  /// Ends all engines.
  func end() {
    for one in running { one.driver.end() }
  }
}
