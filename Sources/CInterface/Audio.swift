// Audio: files, media in memory, samples.

public import CSwiftlet
import Foundation
import Swiftlet
import Synchronization

/// An input whose track and channels can be chosen.
final class Audio: Sendable {
  private let state: Mutex<AudioInput>

  init(_ input: AudioInput) {
    // C is promised that nothing is printed.
    Self.silenceFFmpeg
    state = Mutex(input)
  }

  private static let silenceFFmpeg: Void = Swiftlet.silenceFFmpeg()

  var input: AudioInput { state.withLock { $0 } }

  fileprivate func set(_ options: AudioOptions) {
    state.withLock {
      $0.track = options.track
      $0.channels = options.channels
      $0.sampleFormat = options.sampleFormat
      $0.sampleRate = options.sampleRate
    }
  }
}

/// Which part of a file is used, and how one without a container is read.
private struct AudioOptions: Decodable {
  var track: Int?
  var channels = AudioInput.Channels.mix
  var sampleFormat: AudioInput.SampleFormat?
  var sampleRate = 16_000

  init(from decoder: any Decoder) throws {
    let keys = try KnownKeys(["track", "channels", "sampleFormat", "sampleRate"], of: decoder)
    track = try keys.value("track")
    sampleFormat = try keys.value("sampleFormat")
    sampleRate = try keys.value("sampleRate") ?? sampleRate
    if let number = try? keys.value("channels", as: Int.self) {
      channels = .one(number)
    } else if let text = try keys.value("channels", as: String.self) {
      guard let channels = AudioInput.Channels(text) else {
        throw DecodingError.dataCorruptedError(
          forKey: KnownKeys.Key(stringValue: "channels"), in: keys.container,
          debugDescription: "Channels are \"mix\", \"separate\" or a number from 1 on.")
      }
      self.channels = channels
    }
  }
}

/// Whether so many bytes can be allocated: Swift's arrays end the program where they can't.
private func canAllocate(_ size: Int) -> Bool {
  // The compiler takes malloc and free of what nobody uses away.
  let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  return memory != MAP_FAILED && munmap(memory, size) == 0
}

/// A copy of samples of C's; nil if there is no memory for them.
func copied(_ samples: UnsafePointer<Float>?, _ count: Int) -> [Float]? {
  guard let samples, count > 0 else { return count == 0 ? [] : nil }
  let (size, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
  guard !overflow, canAllocate(size) else { return nil }
  return Array(UnsafeBufferPointer(start: samples, count: count))
}

@c @implementation
public func swiftlet_audio_file(_ path: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let path, strlen(path) > 0 else { return nil }
  let bytes = UnsafeRawBufferPointer(start: path, count: strlen(path))
  return Handles.shared.add(Audio(.file(pathBytes: bytes)))
}

@c @implementation
public func swiftlet_audio_bytes(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ name: UnsafePointer<CChar>?
) -> OpaquePointer? {
  guard size >= 0, bytes != nil || size == 0, let name = try? text(name, "name") ?? "the data" else {
    return nil
  }
  // Not Data(bytes:count:), which ends the program where there is no memory.
  guard let copy = malloc(max(size, 1)) else { return nil }
  if let bytes { memcpy(copy, bytes, size) }
  return Handles.shared.add(
    Audio(.data(Data(bytesNoCopy: copy, count: size, deallocator: .free), name: name)))
}

@c @implementation
public func swiftlet_audio_samples(
  _ samples: UnsafePointer<Float>?, _ count: Int, _ sampleRate: CInt
) -> OpaquePointer? {
  guard let samples = copied(samples, count) else { return nil }
  return Handles.shared.add(Audio(.samples(samples, sampleRate: Int(sampleRate))))
}

@c @implementation
public func swiftlet_audio_set(
  _ audio: OpaquePointer?, _ options: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> swiftlet_status {
  reporting(error) {
    let audio: Audio = try Handles.shared.object(audio, "audio")
    audio.set(try readOptions(options, "options of the audio"))
  }
}

@c @implementation
public func swiftlet_audio_free(_ audio: OpaquePointer?) { Handles.shared.remove(audio, as: Audio.self) }
