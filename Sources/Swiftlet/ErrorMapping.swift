// From the errors of the parts to the one that callers see.

import SwiftletAudio
import SwiftletCheckpoints
import SwiftletCompute
import SwiftletDevice
import SwiftletText
import SwiftletWhisper

/// Runs the body of a public function: its errors become ``SwiftletError`` or `CancellationError`.
func throwingPublicErrors<Value>(_ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch {
    throw publicError(error)
  }
}

/// What a caller sees of an error.
func publicError(_ error: any Error) -> any Error {
  switch error {
  case is SwiftletError, is CancellationError: error
  case AudioError.cancelled, ModelError.cancelled: CancellationError()
  case AudioError.passedOn(let code, let message): SwiftletError(.init(rawValue: code), message)
  default: SwiftletError(code(of: error), "\(error)", subject: subject(of: error), underlying: error)
  }
}

private func code(of error: any Error) -> SwiftletError.Code {
  switch error {
  case let error as AudioError:
    switch error {
    case .truncated, .damaged, .failed: .incompleteAudio
    default: .unreadableAudio
    }
  case let error as ModelError:
    switch error {
    case .unknownModel, .noSuchPath, .repositoryNotFound, .revisionNotFound: .modelNotFound
    case .cannotWrite: .fileNotWritten
    case .cannotRead, .notWhisper, .noWeights: .unusableModel
    default: .modelNotFetched
    }
  case let error as CheckpointError:
    switch error {
    case .notFound: .modelNotFound
    case .notWritten: .fileNotWritten
    default: .unusableModel
    }
  case let error as EngineError:
    switch error {
    case .occupied: .fileExists
    case .notWritten: .fileNotWritten
    case .unsupportedHead, .unsupportedOnDevice: .unusableModel
    default: .unusableEngine
    }
  case let error as TokenizerError:
    switch error {
    case .unknownLanguage, .languageNotInModel, .languageNeeded, .englishOnly, .cannotTranslate:
      .invalidOptions
    default: .unusableModel
    }
  case let error as ComputeError:
    switch error {
    case .threadCount: .invalidOptions
    default: .unsupportedMachine
    }
  case let error as DeviceError: code(of: error)
  case WhisperError.device(let error): code(of: error)
  case is EngineStoreError, WhisperError.contextExceeded: .invalidOptions
  case let error as OutputError:
    if case .alreadyThere = error { .fileExists } else { .fileNotWritten }
  default: .other
  }
}

private func code(of error: DeviceError) -> SwiftletError.Code {
  switch error {
  case .noSuchDevice: .invalidOptions
  case .lost, .failed, .noSuchKernel: .deviceFailed
  case .noDriver, .driverTooOld, .driverFailed, .noDevices, .deviceTooOld, .outOfMemory, .kernelsRefused:
    .unsupportedMachine
  }
}

/// The file, folder or model that an error of the parts names: they all label it so.
private func subject(of error: any Error) -> String? {
  let labels: Set = ["file", "folder", "path", "model", "engine", "url"]
  guard let value = Mirror(reflecting: error).children.first?.value else { return nil }
  return Mirror(reflecting: value).children.first { $0.label.map(labels.contains) ?? false }?.value as? String
}
