// The result, on standard output.

import ArgumentParser
import Foundation

/// Standard output, where nothing is lost without a word.
enum StandardOutput {
  /// Writes a line at once, so that a reader at the other end of a pipe sees it as soon as it is there.
  ///
  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  static func print(_ text: String) throws { try write(text + "\n") }

  /// Writes a value as a line of JSON, its keys in order.
  ///
  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  static func print(json value: some Encodable) throws { try print(json(of: value)) }

  /// JSON on one line. It has no infinities; the logarithm of zero, of a token that was not possible, becomes "-inf".
  static func json(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// Writes text as it is.
  ///
  /// - Throws: `ExitCode.outputFailed` once the trouble has been reported.
  static func write(_ text: String) throws {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      let reason = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error ?? error
      // `head` has what it wanted.
      if reason.isBrokenPipe {
        throw ExitCode.pipeClosed
      }
      StandardError.message("Error: the result cannot be written: \(reason.localizedDescription)")
      throw ExitCode.outputFailed
    }
  }
}

extension Error {
  fileprivate var isBrokenPipe: Bool {
    let error = self as NSError
    return error.domain == NSPOSIXErrorDomain && error.code == Int(EPIPE)
  }
}
