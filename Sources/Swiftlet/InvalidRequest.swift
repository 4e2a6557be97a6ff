// An error that is the caller's: something was asked for that can't be.

/// What was asked for can't be done by this model or on this machine, whatever the recording.
public struct InvalidRequest: Error, CustomStringConvertible {
  /// What is wrong, and what could be asked for instead.
  public let description: String

  /// Runs `body`, all of whose errors are of this kind.
  static func wrapping<Value>(_ body: () throws -> Value) throws(InvalidRequest) -> Value {
    do {
      return try body()
    } catch {
      throw InvalidRequest(description: "\(error)")
    }
  }
}
