// The one error that the library throws.

public import Foundation

/// Why something could not be done. `CancellationError` is the only other error that the library throws.
///
/// ```swift
/// do {
///   print(try await transcriber.transcribe(.file(url)).text)
/// } catch let error as SwiftletError where error.code == .incompleteAudio {
///   print(error, (error.partialResult as? Transcript)?.text ?? "")
/// }
/// ```
public struct SwiftletError: Error, Sendable {
  /// The kind of an error. New kinds may be added, so a `switch` needs a default.
  public struct Code: RawRepresentable, Hashable, Codable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// An option is out of range, unknown, at odds with another, or nothing that this model or machine can do.
    public static let invalidOptions = Code(rawValue: "invalid_options")
    /// The audio can't be found or opened, or holds nothing that can be decoded.
    public static let unreadableAudio = Code(rawValue: "unreadable_audio")
    /// The audio is damaged or ends early; everything before that was used.
    public static let incompleteAudio = Code(rawValue: "incomplete_audio")
    /// There is no model of this name or at this path.
    public static let modelNotFound = Code(rawValue: "model_not_found")
    /// The model could not be fetched.
    public static let modelNotFetched = Code(rawValue: "model_not_fetched")
    /// The model is damaged, incomplete, or of a kind that can't be used.
    public static let unusableModel = Code(rawValue: "unusable_model")
    /// The engine is damaged, or of another version; it has to be built again.
    public static let unusableEngine = Code(rawValue: "unusable_engine")
    /// A file exists and must not be replaced.
    public static let fileExists = Code(rawValue: "file_exists")
    /// A file or folder can't be written.
    public static let fileNotWritten = Code(rawValue: "file_not_written")
    /// This machine can't do it: an instruction set, memory, or a GPU or driver that will do is missing.
    public static let unsupportedMachine = Code(rawValue: "unsupported_machine")
    /// A GPU failed while it was used.
    public static let deviceFailed = Code(rawValue: "device_failed")
    /// Anything else.
    public static let other = Code(rawValue: "other")
  }

  /// The kind of error.
  public var code: Code
  /// The file, model or option that it is about; nil if it is about none.
  public var subject: String?
  /// One or two sentences: what happened, and what to do about it.
  public var message: String
  /// The error behind this one, if there is one.
  public var underlying: (any Error)?
  /// What was done before the error: a ``Transcript`` or ``VoiceActivity`` of the audio up to there. Nil if there is nothing.
  public var partialResult: (any Sendable)?

  /// An error of these parts.
  public init(
    _ code: Code, _ message: String, subject: String? = nil, underlying: (any Error)? = nil,
    partialResult: (any Sendable)? = nil
  ) {
    self.code = code
    self.message = message
    self.subject = subject
    self.underlying = underlying
    self.partialResult = partialResult
  }
}

extension SwiftletError: CustomStringConvertible {
  /// The message.
  public var description: String { message }
}

extension SwiftletError: LocalizedError {
  /// The message.
  public var errorDescription: String? { message }
}

extension SwiftletError {
  /// Something was asked for that can't be served.
  static func invalid(_ message: String, subject: String? = nil) -> SwiftletError {
    SwiftletError(.invalidOptions, message, subject: subject)
  }

  /// Runs `body`, all of whose errors are about what was asked for.
  static func invalid<Value>(
    subject: String? = nil, _ body: () throws -> Value
  ) throws(SwiftletError) -> Value {
    do {
      return try body()
    } catch let error as SwiftletError {
      throw error
    } catch {
      throw .invalid("\(error)", subject: subject)
    }
  }
}
