// Faults for kernels, and how the kernels are built with them.

import CDevice
import EmulatedDevice
import Foundation
import SwiftletDevice
import SwiftletTestSupport

/// A change of one place in a kernel's source.
struct PlantedFault: CustomStringConvertible, Sendable {
  enum Finder: Sendable {
    /// The emulator, with a sentence that has this in it.
    case emulator(String)
    /// A comparison of results.
    case comparison
    /// The count of bank conflicts: results are right, and a GPU would be slow.
    case conflicts
  }
  var description: String
  var file: String
  var original: String
  var planted: String
  /// The checks that have to find it, by the start of their names.
  var check: String
  var finder: Finder

  static let all = [
    PlantedFault(
      description: "no wait for copies", file: "product.cu", original: "    waitForCopies<stages - 2>();\n",
      planted: "", check: "product", finder: .emulator("a read where an asynchronous copy is under way")),
    PlantedFault(
      description: "a wait for one group too few", file: "product.cu", original: "waitForCopies<stages - 2>",
      planted: "waitForCopies<stages - 1>", check: "product",
      finder: .emulator("a read where an asynchronous copy is under way")),
    PlantedFault(
      description: "a group that is not committed", file: "attend.cu",
      original: "  fill(tiles.values[0], values, 0);\n  commitCopies();\n",
      planted: "  fill(tiles.values[0], values, 0);\n", check: "attend",
      finder: .emulator("where an asynchronous copy is under way")),
    PlantedFault(
      description: "no barrier between copies and products", file: "product.cu",
      original: "the one that is filled next.\n    barrier();\n", planted: "the one that is filled next.\n",
      check: "product", finder: .emulator("")),
    PlantedFault(
      description: "no barrier before keys are overwritten", file: "attend_fp32.cu",
      original: "    // All threads have done with the keys.\n    barrier();\n", planted: "", check: "attend",
      finder: .emulator("a race in shared memory")),
    PlantedFault(
      description: "no barrier before weights replace scores", file: "attend_rows.cu",
      original: "  largest = warpLargest(largest);\n  barrier();\n",
      planted: "  largest = warpLargest(largest);\n", check: "cross attention",
      finder: .emulator("a race in shared memory")),
    PlantedFault(
      description: "a barrier for some threads only", file: "product_fp32.cu",
      original: "    // All threads have done with the tile before.\n    barrier();\n",
      planted: "    if (hasRow) barrier();\n", check: "product", finder: .emulator("barrier")),
    PlantedFault(
      description: "threads that leave before a barrier", file: "memory.cu", original: "  barrier();\n",
      planted: "  if (threadIndex() >= 64) return;\n  barrier();\n", check: "repack",
      finder: .emulator("have ended")),
    PlantedFault(
      description: "an exchange by half a warp", file: "attend.cu",
      original: "      now[pair] = larger(now[pair], exchange(now[pair], 2));\n",
      planted: "      if (lane < 16) now[pair] = larger(now[pair], exchange(now[pair], 2));\n",
      check: "attend",
      finder: .emulator("lanes of one warp have come to different instructions")),
    PlantedFault(
      description: "a wrong register of a fragment", file: "product.cu",
      original: "multiplyAdd<T>(sums[i][j], left[i], right[0], right[2]);",
      planted: "multiplyAdd<T>(sums[i][j], left[i], right[0], right[1]);", check: "product",
      finder: .comparison),
    PlantedFault(
      description: "sums taken for another row", file: "product.cu", original: "lane / 4 + e / 2 * 8",
      planted: "lane / 4 + e % 2 * 8", check: "product", finder: .comparison),
    PlantedFault(
      description: "values that are not transposed", file: "attend.cu",
      original: "loadMatricesTransposed(right",
      planted: "loadMatrices(right", check: "attend", finder: .comparison),
    PlantedFault(
      description: "another swizzle for loads than for copies", file: "product.cu",
      original: "&tiles.b[stage][row][swizzled(row, part + lane / 16)]",
      planted: "&tiles.b[stage][row][(part + lane / 16) * 8]", check: "product", finder: .comparison),
    PlantedFault(
      description: "no swizzle at all", file: "attend.cu", original: "return (piece ^ (row & 7)) * 8;",
      planted: "return piece * 8 + 0 * row;", check: "attend", finder: .conflicts),
    PlantedFault(
      description: "a read behind the last row", file: "product.cu",
      original: "source[i] = row < count ? (sources ? sources[row] : row) : -1;",
      planted: "source[i] = sources && row < count ? sources[row] : row;", check: "product",
      finder: .emulator("a read outside of all buffers")),
    PlantedFault(
      description: "a read of one term too many", file: "product_rows.cu",
      original: "for (int term = 4 * lane; term < p.depth; term += 128)",
      planted: "for (int term = 4 * lane; term <= p.depth; term += 128)", check: "product of few rows",
      finder: .emulator("a read outside of all buffers")),
    PlantedFault(
      description: "a write behind the last row", file: "product.cu",
      original: "if (row >= count || column >= p.columns) continue;",
      planted: "if (column >= p.columns) continue;", check: "product",
      finder: .emulator("a write outside of all buffers")),
    PlantedFault(
      description: "a write to a column of the next row", file: "normalize.cu",
      original: "((T *)p.c)[to + i] = narrow<T>(y);", planted: "((T *)p.c)[to + i + 1] = narrow<T>(y);",
      check: "normalize", finder: .comparison),
    PlantedFault(
      description: "more shared memory than the launch has", file: "attend_rows.cu",
      original: "float *joined = numbers + 8", planted: "float *joined = numbers + 12",
      check: "self attention",
      finder: .emulator("outside of shared memory, of which the launch has")),
    PlantedFault(
      description: "an address that is not a multiple of 16", file: "product_rows.cu",
      original: "quarter = lane % 4 * 8;", planted: "quarter = lane % 4 * 8 + 1;",
      check: "product of few rows",
      finder: .emulator("an address that is not a multiple of 16")),
    PlantedFault(
      description: "parts of several blocks in one place", file: "attend_rows.cu",
      original: "p.parts_stride + blockZ())", planted: "p.parts_stride)", check: "cross attention",
      finder: .emulator("a race in the device's memory: two threads write the same place")),
    PlantedFault(
      description: "a sum that is not corrected", file: "attend.cu",
      original: "sums[j][e] = sums[j][e] * correction[e / 2];", planted: "sums[j][e] = sums[j][e] * 1.0f;",
      check: "attend over many tiles", finder: .comparison),
    PlantedFault(
      description: "an order of sums that depends on the batch", file: "product_rows.cu",
      original: "total = total + sums[part][column][row];",
      planted: "total = total + sums[groups == 1 ? part : warps - 1 - part][column][row];",
      check: "same bits",
      finder: .comparison),
  ]
}

extension PlantedFault {
  /// Runs the checks with the fault in place, with a few seeds.
  ///
  /// - Returns: what found it, if that is the right thing, and everything that was found.
  func search() throws -> (finding: String?, seen: [String]) {
    let emulator = try FaultyBuild.build(self)
    let checks = KernelCheck.all.filter { $0.name.hasPrefix(check) }
    var seen: [String] = []
    for seed in UInt64(1)...5 {
      for check in checks {
        let bench = try Bench(seed: seed, emulator: emulator)
        do {
          let comparison = try check.run(bench)
          seen += comparison.problems.prefix(1)
          switch finder {
          case .comparison: if let problem = comparison.problems.first { return (problem, seen) }
          case .conflicts:
            if comparison.problems.isEmpty, bench.counts.bank_conflicts > 0 {
              return ("\(bench.counts.bank_conflicts) bank conflicts", seen)
            }
          case .emulator: break
          }
        } catch DeviceError.lost {
          seen.append(bench.report)
          if case .emulator(let text) = finder, text.isEmpty || bench.report.contains(text) {
            return (bench.report, seen)
          }
        }
      }
    }
    return (nil, seen)
  }
}

/// The emulator with kernels of its own, built by the compiler that comes with Swift, as a library.
enum FaultyBuild {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let work = TestFolder()

  /// What all builds share.
  private static let objects = Result { () throws -> [String] in
    let emulated = sources.appending(path: "Tests/EmulatedDevice")
    return try ["emulator.cpp", "memory.cpp", "fiber.cpp", "driver.cpp"].map { name in
      try compile(emulated.appending(path: name), as: name, options: ["-O2", "-DSWIFTLET_INSTRUMENTED"])
    } + [try compile(sources.appending(path: "Sources/CDevice/ptx.c"), as: "ptx.c", options: ["-O0"])]
  }

  /// - Parameter fault: none if nil.
  static func build(_ fault: PlantedFault?) throws -> EmulatedDriver {
    let objects = try objects.get()
    let folder = work.url.appending(path: UUID().uuidString)
    let device = sources.appending(path: "Sources/CDevice")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for part in ["kernels", "include"] {
      try FileManager.default.copyItem(at: device.appending(path: part), to: folder.appending(path: part))
    }
    if let fault {
      let file = folder.appending(path: "kernels/\(fault.file)")
      let text = try String(contentsOf: file, encoding: .utf8)
      let pieces = text.components(separatedBy: fault.original)
      guard pieces.count == 2 else {
        throw Failure(description: "\(fault.file) has \(pieces.count - 1) times what '\(fault)' changes")
      }
      try pieces.joined(separator: fault.planted).write(to: file, atomically: true, encoding: .utf8)
    }
    // Without builtins: a loop that became a call of memcpy would tell of no access.
    let kernels = try compile(
      sources.appending(path: "Tests/EmulatedDevice/kernels.cpp"), as: "\(folder.lastPathComponent).cpp",
      options: [
        "-O1", "-fno-builtin", "-fsanitize-coverage=func,trace-loads,trace-stores", "-I", folder.path,
      ])
    let library = folder.appending(path: "kernels.so").path
    try run(["-shared", "-o", library] + objects + [kernels])
    guard let handle = dlopen(library, RTLD_NOW | RTLD_LOCAL) else {
      throw Failure(description: dlerror().map { String(cString: $0) } ?? "dlopen")
    }
    func symbol<Function>(_ name: String, as type: Function.Type) throws -> Function {
      guard let address = dlsym(handle, name) else { throw Failure(description: "no \(name)") }
      return unsafeBitCast(address, to: type)
    }
    typealias Table = @convention(c) () -> UnsafePointer<swiftlet_driver>
    typealias Add = @convention(c) (emulated_settings) -> Int32
    typealias Report = @convention(c) (Int32) -> UnsafePointer<CChar>
    typealias Count = @convention(c) (Int32) -> emulated_counts
    let add = try symbol("emulated_add", as: Add.self)
    let report = try symbol("emulated_report", as: Report.self)
    let count = try symbol("emulated_count", as: Count.self)
    return EmulatedDriver(
      table: try symbol("emulated_driver", as: Table.self)().pointee, add: { add($0) },
      report: { String(cString: report($0)) }, count: { count($0) })
  }

  /// - Returns: the object file.
  private static func compile(_ source: URL, as name: String, options: [String]) throws -> String {
    let object = work.url.appending(path: name + ".o").path
    try run(
      options
        + [
          "-fPIC", "-fvisibility=hidden", "-I", sources.appending(path: "Tests/EmulatedDevice").path, "-I",
          sources.appending(path: "Tests/EmulatedDevice/include").path, "-I",
          sources.appending(path: "Sources/CDevice/include").path, "-c", source.path, "-o", object,
        ], isC: name.hasSuffix(".c"))
    return object
  }

  private static func run(_ arguments: [String], isC: Bool = false) throws {
    let process = Process()
    process.executableURL = try compiler(isC)
    process.arguments = arguments
    let output = Pipe()
    process.standardError = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(description: String(decoding: text, as: UTF8.self))
    }
  }

  /// The C or C++ compiler beside `swift`.
  private static func compiler(_ isC: Bool) throws -> URL {
    let name = isC ? "clang" : "clang++"
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
    for folder in path.split(separator: ":") {
      let swift = URL(filePath: "\(folder)/swift").resolvingSymlinksInPath()
      let compiler = swift.deletingLastPathComponent().appending(path: name)
      if FileManager.default.isExecutableFile(atPath: swift.path),
        FileManager.default.isExecutableFile(atPath: compiler.path)
      {
        return compiler
      }
    }
    throw Failure(description: "there is no \(name) beside swift in \(path)")
  }
}
