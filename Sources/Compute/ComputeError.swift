// What can go wrong in Compute.

/// An error that a user's setting can cause.
package enum ComputeError: Error, Hashable, CustomStringConvertible {
  /// `SWIFTLET_ISA` names an instruction set that does not exist or that this processor lacks.
  case unknownInstructionSet(String, available: [String])
  /// The system does not let this process use an instruction set that it and the processor have.
  case refusedInstructionSet(String)
  /// A number of threads below one or above what a pool takes.
  case threadCount(Int, maximum: Int)

  package var description: String {
    switch self {
    case .unknownInstructionSet(let name, let available):
      "SWIFTLET_ISA is '\(name)', which this processor cannot run; unset it or use one of: "
        + available.joined(separator: ", ") + "."
    case .refusedInstructionSet(let name):
      "The system doesn't let this process use \(name), perhaps because one of the program's signal stacks is too small; set "
        + "SWIFTLET_ISA to another instruction set."
    case .threadCount(let count, let maximum):
      "\(count) is not a possible number of threads; choose one from 1 to \(maximum)."
    }
  }
}
