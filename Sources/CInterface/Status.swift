// From Swift's errors to a status and a sentence.

public import CSwiftlet
import Foundation
import Swiftlet

/// Something that C must not pass.
struct Misuse: Error {
  var message: String

  init(_ message: String) { self.message = message }
}

/// Statuses and the names of the kinds of errors; those of `SwiftletError` have its codes.
private let names: [(swiftlet_status, StaticString)] = [
  (SWIFTLET_OK, "ok"), (SWIFTLET_CANCELLED, "cancelled"), (SWIFTLET_INVALID_ARGUMENT, "invalid_argument"),
  (SWIFTLET_OTHER, "other"), (SWIFTLET_INVALID_OPTIONS, "invalid_options"),
  (SWIFTLET_UNREADABLE_AUDIO, "unreadable_audio"), (SWIFTLET_INCOMPLETE_AUDIO, "incomplete_audio"),
  (SWIFTLET_MODEL_NOT_FOUND, "model_not_found"), (SWIFTLET_MODEL_NOT_FETCHED, "model_not_fetched"),
  (SWIFTLET_UNUSABLE_MODEL, "unusable_model"), (SWIFTLET_UNUSABLE_ENGINE, "unusable_engine"),
  (SWIFTLET_FILE_EXISTS, "file_exists"), (SWIFTLET_FILE_NOT_WRITTEN, "file_not_written"),
  (SWIFTLET_UNSUPPORTED_MACHINE, "unsupported_machine"),
]

private func status(of code: SwiftletError.Code) -> swiftlet_status {
  names.first { "\($0.1)" == code.rawValue }?.0 ?? SWIFTLET_OTHER
}

@c @implementation
public func swiftlet_status_name(_ status: swiftlet_status) -> UnsafePointer<CChar>? {
  constant(names.first { $0.0 == status }?.1 ?? "other")
}

/// Text that is there as long as the program runs.
func constant(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Runs the body of a function: its error becomes a status and, where there is a place for it, a sentence.
func reporting(
  _ place: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ body: () throws -> Void
) -> swiftlet_status {
  place?.pointee = nil
  do {
    try body()
    return SWIFTLET_OK
  } catch {
    let (status, message) = described(error)
    place?.pointee = allocated(message)
    return status
  }
}

private func described(_ error: any Error) -> (swiftlet_status, String) {
  switch error {
  case is CancellationError: (SWIFTLET_CANCELLED, "The call was cancelled.")
  case let error as Misuse: (SWIFTLET_INVALID_ARGUMENT, error.message)
  case let error as SwiftletError: (status(of: error.code), error.message)
  default: (SWIFTLET_OTHER, "\(error)")
  }
}

/// A copy of a text for C, which frees it with `swiftlet_free`; nil if there is no memory for it.
func allocated(_ text: String) -> UnsafeMutablePointer<CChar>? {
  // A zero byte would be the end for C; the model's tokens can spell one.
  strdup(text.contains("\0") ? text.replacing("\0", with: "") : text)
}

@c @implementation
public func swiftlet_free(_ text: UnsafeMutablePointer<CChar>?) { free(text) }

/// The text of an argument; nil for NULL.
///
/// - Throws: ``Misuse`` for what is not UTF-8.
func text(_ pointer: UnsafePointer<CChar>?, _ what: String) throws(Misuse) -> String? {
  guard let pointer else { return nil }
  guard let text = String(validatingCString: pointer) else {
    throw Misuse("The \(what) is not UTF-8.")
  }
  return text
}

/// The text of an argument that must be there.
func neededText(_ pointer: UnsafePointer<CChar>?, _ what: String) throws(Misuse) -> String {
  guard let text = try text(pointer, what) else { throw Misuse("The \(what) is NULL.") }
  return text
}
