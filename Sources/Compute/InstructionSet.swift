// Which table of inner loops is used, chosen once.

import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An instruction set that the kernels are compiled for and this processor can run.
package struct InstructionSet: @unchecked Sendable, CustomStringConvertible {
  let kernels: UnsafePointer<swiftlet_kernels>

  /// The name that `SWIFTLET_ISA` takes: `amx`, `avx512bf16`, `avx512vnni`, `avx512`, `avxvnni`, `avx2`, `neondot`, `neon`, `portable`.
  package var description: String { String(cString: kernels.pointee.name) }

  /// Every instruction set this processor can run, best first.
  package static let available: [InstructionSet] = {
    var count = 0
    guard let tables = swiftlet_available_kernels(&count) else { return [] }
    return (0..<count).compactMap { index in tables[index].map(InstructionSet.init(kernels:)) }
  }()

  /// Asks the system for what the instruction set needs (AMX has to be asked for); false if it refuses.
  func isGranted() -> Bool { swiftlet_prepare(kernels) != 0 }

  /// The one to use: the best that the system grants, or the one that the environment variable `SWIFTLET_ISA` names.
  package static func chosen(environment: [String: String]) throws(ComputeError) -> InstructionSet {
    guard let wanted = environment["SWIFTLET_ISA"], !wanted.isEmpty else {
      return available.first { $0.isGranted() } ?? available[available.count - 1]
    }
    guard let match = available.first(where: { $0.description == wanted }) else {
      throw .unknownInstructionSet(wanted, available: available.map(\.description))
    }
    return match
  }
}
