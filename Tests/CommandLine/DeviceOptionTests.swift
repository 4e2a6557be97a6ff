// `--device`, and what `swiftlet doctor` says of GPUs.

import Foundation
import SwiftletTestDevices
import SwiftletTestSupport
import Testing

@testable import Swiftlet
@testable import SwiftletCommandLine

@Suite struct DeviceOptionTests {
  /// Whatever GPUs this machine has, it does not have this one.
  @Test(arguments: [["transcribe", "talk.wav"], ["stream"]])
  func aGPUThatIsNotThereIsReported(_ command: [String]) async throws {
    let outcome = try await Tool.run(
      command + ["--model", Fixtures.url("whisper").path, "--device", "cuda:99"])
    #expect(outcome.status == 2 || outcome.status == 64)
    let sentences = [
      "Error: There is no NVIDIA driver: libcuda.so.1 can't be loaded", "Error: There is no GPU 99: ",
      "Error: The NVIDIA driver ",
    ]
    #expect(sentences.contains { outcome.errors.contains($0) }, "\(outcome.errors)")
  }

  @Test func aDeviceThatIsNoneIsRefused() async throws {
    let outcome = try await Tool.run(["transcribe", "talk.wav", "--device", "tpu"])
    #expect(outcome.status == 64 && outcome.errors.contains("--device"))
  }

  /// What was not asked for is what the device's default is.
  @Test func precisionsFollowTheDevice() throws {
    func precisions(_ arguments: String..., on device: ComputeDevice) throws -> EnginePrecisions? {
      try PrecisionOptions.parse(arguments).precisions(on: device)
    }
    #expect(try precisions(on: .cuda()) == nil)
    #expect(
      try precisions("--encoder-precision", "fp16", on: .cuda()) == .init(encoder: .fp16, decoder: .bf16))
    #expect(
      try precisions("--encoder-precision", "fp16", on: .cpu) == .init(encoder: .fp16, decoder: .int8))
    #expect(try precisions("--precision", "int8", on: .cuda(index: 1)) == .init(.int8))
  }

  @Test func doctorListsGPUs() throws {
    let (good, old) = (addEmulatedGPU { $0.memory = 3 << 30 }, addEmulatedGPU { $0.major = 7 })
    let limits = GraphicsProcessor.Limits(
      operations: [.fp32: 60e12, .fp16: 800e12, .bf16: 798.2e12], bandwidth: 3.01e12, launch: 1.24e-6)
    let report = Doctor.report(Result { try GraphicsProcessor.all { try .emulated() } }) { _ in limits }
    let lines = report.components(separatedBy: "\n")
    #expect(lines[0] == "GPUs, with a driver of CUDA 12.0:")
    let name = "GPU \(good) (Emulated GPU \(good))"
    let first = try #require(lines.firstIndex { $0.contains(name) })
    #expect(
      lines[first...].prefix(3).joined(separator: "\n") == """
          \(name): compute capability 8.0, 108 multiprocessors, 3072 of 3072 MB free
            multiply-adds in registers: fp32 60.0, fp16 800.0, bf16 798.2 TOP/s
            copying memory: 3010 GB/s, a launch in a graph: 1.2 µs
        """)
    #expect(
      lines.contains {
        $0.contains("GPU \(old) (Emulated GPU \(old)) is too old: its compute capability is 7.0")
      })
  }

  @Test func doctorSaysWhyThereIsNoGPU() {
    struct NoDriver: Error, CustomStringConvertible { let description = "There is no NVIDIA driver." }
    #expect(
      Doctor.report(.failure(NoDriver())) == "GPUs:             none. There is no NVIDIA driver.")
  }
}
