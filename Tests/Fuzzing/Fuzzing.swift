// The program that feeds damaged files to the readers: `SwiftletFuzzing READER [libFuzzer's arguments]`.
//
// `make fuzz` builds and runs it; docs/fuzzing.md says more.

import CFuzzer
import Foundation

@main enum Fuzzing {
  /// Where libFuzzer finds the reader when it starts this program again, as `-minimize_crash` and `-fork` do.
  private static let variable = "SWIFTLET_FUZZING_READER"

  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "--list":
      Reader.all.forEach { print($0.name) }
    case "--seeds" where arguments.count == 2:
      try writeSeeds(into: URL(filePath: arguments[1]))
    default:
      if let reader = arguments.first.flatMap({ Reader.named($0) }) {
        setenv(variable, reader.name, 1)
        arguments.removeFirst()
      }
      guard let reader = ProcessInfo.processInfo.environment[variable].flatMap({ Reader.named($0) }) else {
        let names = Reader.all.map(\.name).joined(separator: ", ")
        FileHandle.standardError.write(
          Data(
            "usage: SwiftletFuzzing READER [libFuzzer's arguments] | --list | --seeds FOLDER\nreaders: \(names)\n"
              .utf8))
        exit(64)
      }
      exit(try run(reader, arguments))
    }
  }

  /// One folder for each reader.
  private static func writeSeeds(into folder: URL) throws {
    for reader in Reader.all {
      let seeds = folder.appending(path: reader.name)
      try FileManager.default.createDirectory(at: seeds, withIntermediateDirectories: true)
      for (index, seed) in try reader.seeds().enumerated() {
        try seed.write(to: seeds.appending(path: "seed-\(index)"))
      }
    }
  }

  /// Set once, before libFuzzer calls back.
  nonisolated(unsafe) private static var test: (UnsafeRawBufferPointer) throws -> Void = { _ in }

  private static func run(_ reader: Reader, _ arguments: [String]) throws -> Int32 {
    test = try reader.prepare()
    var pointers = ([CommandLine.arguments[0]] + arguments).map { strdup($0) } + [nil]
    var count = Int32(pointers.count - 1)
    return pointers.withUnsafeMutableBufferPointer { buffer in
      var base = buffer.baseAddress
      return LLVMFuzzerRunDriver(&count, &base) { bytes, size in
        do {
          try Fuzzing.test(UnsafeRawBufferPointer(start: bytes, count: size))
        } catch {
          // Readers throw errors of their own kind, which their test catches.
          fatalError("unexpected error: \(error)")
        }
        return 0
      }
    }
  }
}
