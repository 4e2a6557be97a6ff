// Progress on a terminal.

import Foundation
import Swiftlet

/// A line on standard error that is updated in place; nothing if standard error is not a terminal.
public enum ProgressLine {
  private static let isShown = isatty(STDERR_FILENO) == 1

  /// Shows a step of fetching the model.
  public static func show(_ progress: ModelStore.Progress) {
    switch progress {
    case .downloading(_, let file, let done, let total?) where total > 0:
      show("Fetching \(file): \(100 * done / total) %")
    case .trying(let source): show("Fetching from \(source)")
    case .waiting(let model): show("Waiting for another program that fetches \(model)")
    default: break
    }
  }

  /// Shows a step of building the engine, which takes seconds with small models and half a minute with large ones.
  public static func show(_ progress: EngineStore.Progress) {
    if case .written(let done, let total) = progress { show("Building: \(100 * done / total) %") }
  }

  /// Shows how much of a recording is done.
  public static func show(_ progress: TranscriptionProgress) {
    let position = Duration.seconds(progress.position).formatted()
    guard let duration = progress.duration, duration > 0 else { return show("\(position) done") }
    show("\(position) of \(Duration.seconds(duration).formatted()) done")
  }

  /// Removes the line, so that something else can be written.
  public static func clear() { show("") }

  private static func show(_ text: String) {
    // Back to the margin, and clear to the end of the line.
    if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8)) }
  }
}
