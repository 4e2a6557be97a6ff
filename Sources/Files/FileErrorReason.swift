// What the system says about a file that could not be read or written.

import Foundation

/// The reason in an error of Foundation's file functions, in the system's own words and without a full stop,
/// so that it fits into a sentence: `No space left on device`.
///
/// Foundation wraps the system's error, and on Linux often describes its wrapping by a number only.
package func fileErrorReason(_ error: any Error) -> String {
  let error = error as NSError
  if error.domain == NSPOSIXErrorDomain, let code = POSIXErrorCode(rawValue: Int32(clamping: error.code)) {
    return String(cString: strerror(code.rawValue))
  }
  if let underlying = error.userInfo[NSUnderlyingErrorKey] as? any Error {
    return fileErrorReason(underlying)
  }
  let text = error.localizedDescription
  return text.hasSuffix(".") ? String(text.dropLast()) : text
}
