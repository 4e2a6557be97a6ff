// swift-tools-version: 6.2
// Swiftlet: Whisper speech recognition on ordinary CPUs. The map of the folders is in docs/architecture.md.

import PackageDescription

/// CI sets this so that a warning in our own targets (never in a dependency) fails the build.
let warningsAreErrors = Context.environment["SWIFTLET_WARNINGS_AS_ERRORS"] == "1"

/// Scripts and `make test` set this for release builds: tests see what is internal. Only our own targets are built again for it.
let isTestable = Context.environment["SWIFTLET_TESTABLE"] == "1"
/// `make test-fast` sets this for debug builds: our kernels are too slow otherwise.
let optimizesC = Context.environment["SWIFTLET_OPTIMIZED_C"] == "1"

let swiftSettings: [SwiftSetting] =
  [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault")]
  + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])
  + (isTestable ? [.unsafeFlags(["-enable-testing"])] : [])
/// Scripts/sanitize sets this: undefined behaviour in C ends the process with a report.
let checksUndefinedBehavior = Context.environment["SWIFTLET_UNDEFINED_BEHAVIOR"] == "1"
let cSettings: [CSetting] =
  (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])
  + (checksUndefinedBehavior
    ? [.unsafeFlags(["-fsanitize=undefined", "-fno-sanitize-recover=undefined"])] : [])
  + (optimizesC ? [.unsafeFlags(["-O2"])] : [])
let cxxSettings: [CXXSetting] =
  (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])
  + (optimizesC ? [.unsafeFlags(["-O2"])] : [])

/// Scripts/build-library sets this: SwiftPM itself links Swift's runtime into programs only.
let linksStaticRuntime = Context.environment["SWIFTLET_STATIC_RUNTIME"] == "1"

/// A package's product that only the server uses.
func server(_ name: String, _ package: String) -> Target.Dependency {
  .product(name: name, package: package, condition: .when(traits: ["Server"]))
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
  name: "swiftlet",
  // `span` and `mutableSpan` of arrays, which kernels in Swift read and write through, are not in older systems;
  // everything else would run on macOS 15 and iOS 18, which have `Mutex`, `Atomic` and task executors.
  platforms: [.macOS(.v26), .iOS(.v26)],
  products: [
    .library(name: "Swiftlet", targets: ["Swiftlet"]),
    // `make library` builds it as libswiftlet, with nothing but the C interface visible.
    .library(name: "swiftlet-c", type: .dynamic, targets: ["SwiftletCInterface"]),
    .executable(name: "swiftlet", targets: ["SwiftletCommandLine"]),
  ],
  traits: [
    .trait(
      name: "FFmpeg",
      description:
        "Reads every audio and video format; without it, WAV files and samples, and no FFmpeg is needed."),
    .trait(
      name: "Server",
      description:
        "The tool has `swiftlet serve`. The library is the same without it, and needs none of its packages."),
    .default(enabledTraits: ["FFmpeg", "Server"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    // For the server alone.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  ],
  targets: [
    .executableTarget(
      name: "SwiftletCommandLine",
      dependencies: [
        "Swiftlet", "SwiftletEvaluation",
        .target(name: "SwiftletServer", condition: .when(traits: ["Server"])),
        server("Logging", "swift-log"), server("Configuration", "swift-configuration"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/CommandLine",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletServer",
      dependencies: [
        "Swiftlet", .target(name: "CSandbox", condition: .when(traits: ["Server"])),
        server("Hummingbird", "hummingbird"), server("HummingbirdCore", "hummingbird"),
        server("HTTPTypes", "swift-http-types"), server("NIOHTTPTypes", "swift-nio-extras"),
        server("NIOHTTPTypesHTTP1", "swift-nio-extras"), server("NIOExtras", "swift-nio-extras"),
        server("HummingbirdTLS", "hummingbird"),
        server("HummingbirdHTTP2", "hummingbird"), server("GRDB", "GRDB.swift"),
        server("NIOCore", "swift-nio"), server("NIOPosix", "swift-nio"), server("NIOHTTP1", "swift-nio"),
        server("NIOWebSocket", "swift-nio"), server("NIOSSL", "swift-nio-ssl"),
        server("Logging", "swift-log"), server("Metrics", "swift-metrics"),
        server("Configuration", "swift-configuration"),
        server("ServiceLifecycle", "swift-service-lifecycle"),
        server("UnixSignals", "swift-service-lifecycle"),
        server("AsyncHTTPClient", "async-http-client"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      path: "Sources/Server",
      resources: [.embedInCode("Page")],
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletCInterface",
      dependencies: ["Swiftlet", "CSwiftlet"],
      path: "Sources/CInterface",
      exclude: ["exports.map", "swiftlet.pc.in"],
      swiftSettings: swiftSettings,
      linkerSettings: linksStaticRuntime ? [.unsafeFlags(["-static-stdlib", "-use-ld=lld"])] : []),
    .systemLibrary(name: "CSwiftlet", path: "Sources/CSwiftlet"),
    .target(
      name: "Swiftlet",
      dependencies: [
        "SwiftletWhisper", "SwiftletCheckpoints", "SwiftletText", "SwiftletAudio", "SwiftletCompute",
        "SwiftletDevice", "SwiftletFiles", "SwiftletBasics", "CVoiceActivity", "CCurl", "CZlib", crypto,
      ],
      path: "Sources/Swiftlet",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletEvaluation",
      dependencies: ["SwiftletText", "SwiftletFiles", "SwiftletBasics", "CSpellings", crypto],
      path: "Sources/Evaluation",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletWhisper",
      dependencies: [
        "SwiftletCheckpoints", "SwiftletCompute", "SwiftletDevice", "CDevice", "SwiftletFiles",
        "SwiftletBasics", crypto,
      ],
      path: "Sources/Whisper",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletCheckpoints",
      dependencies: ["SwiftletFiles", "SwiftletBasics", crypto],
      path: "Sources/Checkpoints",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletText",
      dependencies: ["SwiftletFiles", "SwiftletBasics", "CVocabularies"],
      path: "Sources/Text",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletAudio",
      dependencies: [
        "SwiftletFiles", .target(name: "CFFmpeg", condition: .when(traits: ["FFmpeg"])),
      ],
      path: "Sources/Audio",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletFiles",
      path: "Sources/Files",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletCompute",
      dependencies: ["SwiftletBasics", "CKernels"],
      path: "Sources/Compute",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletDevice",
      dependencies: ["CDevice"],
      path: "Sources/Device",
      swiftSettings: swiftSettings),
    .target(
      name: "SwiftletBasics",
      path: "Sources/Basics",
      swiftSettings: swiftSettings),
    .target(
      name: "CKernels",
      path: "Sources/CKernels",
      cSettings: cSettings),
    .target(
      name: "CDevice",
      path: "Sources/CDevice",
      exclude: ["kernels", "data"],
      cSettings: cSettings),
    .target(
      name: "CVocabularies",
      path: "Sources/CVocabularies",
      exclude: ["data"],
      cSettings: cSettings),
    .target(
      name: "CVoiceActivity",
      path: "Sources/CVoiceActivity",
      exclude: ["data"],
      cSettings: cSettings),
    .target(
      name: "CSpellings",
      path: "Sources/CSpellings",
      exclude: ["data"],
      cSettings: cSettings),
    .target(
      name: "CSandbox",
      dependencies: [.target(name: "CSeccomp", condition: .when(platforms: [.linux]))],
      path: "Sources/CSandbox",
      cSettings: cSettings),
    .systemLibrary(
      name: "CSeccomp", path: "Sources/CSeccomp", pkgConfig: "libseccomp",
      providers: [.apt(["libseccomp-dev"])]),
    .systemLibrary(
      name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CFFmpeg",
      path: "Sources/CFFmpeg",
      pkgConfig: "libavformat libavcodec libswresample libavutil",
      providers: [
        .apt(["libavformat-dev", "libavcodec-dev", "libswresample-dev", "libavutil-dev"]),
        .brew(["ffmpeg"]),
      ]),

    .executableTarget(
      name: "SwiftletBenchmark",
      dependencies: [
        "Swiftlet", "SwiftletWhisper", "SwiftletCheckpoints", "SwiftletCompute",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Speed",
      swiftSettings: swiftSettings),

    // What several test targets share: where fixtures lie, a seeded random generator, tolerances.
    .target(
      name: "SwiftletTestSupport",
      dependencies: [
        "SwiftletAudio", "SwiftletBasics", "SwiftletCheckpoints", "SwiftletFiles", "SwiftletText",
      ],
      path: "Tests/Support",
      swiftSettings: swiftSettings),
    // Real models, and the tiers of tests. Apart from the above, because fuzzers have no use for it.
    .target(
      name: "SwiftletTestModels",
      dependencies: ["Swiftlet", "SwiftletTestSupport"],
      path: "Tests/Models",
      swiftSettings: swiftSettings),
    // NVIDIA's driver and a GPU in the test program: the kernels as C++, over fibers.
    .target(
      name: "EmulatedDevice",
      dependencies: ["CDevice"],
      path: "Tests/EmulatedDevice",
      // The kernels' sources, which only the emulator and Scripts/build-ptx compile.
      cxxSettings: cxxSettings + [.headerSearchPath("."), .headerSearchPath("../../Sources/CDevice")]),
    // GPUs of that driver, for tests of whatever runs on one.
    .target(
      name: "SwiftletTestDevices",
      dependencies: ["SwiftletDevice", "CDevice", "EmulatedDevice"],
      path: "Tests/Devices",
      swiftSettings: swiftSettings),
    // Counts heap allocations: replaces libc's allocating functions in the test program.
    .target(
      name: "CAllocations",
      path: "Tests/Allocations",
      cSettings: cSettings),
    .testTarget(
      name: "SwiftletTests",
      dependencies: [
        "Swiftlet", "SwiftletText", "SwiftletAudio", "SwiftletWhisper", "SwiftletCheckpoints",
        "SwiftletCompute", "SwiftletDevice", "SwiftletFiles", "CDevice", "EmulatedDevice",
        "SwiftletTestDevices", "SwiftletTestModels", "SwiftletTestSupport", "CAllocations",
      ],
      path: "Tests/Swiftlet",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletServerTests",
      dependencies: [
        "SwiftletServer", "Swiftlet", "SwiftletTestModels", "SwiftletTestSupport",
        server("Configuration", "swift-configuration"), server("NIOCore", "swift-nio"),
      ],
      path: "Tests/Server",
      exclude: ["clients"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletEvaluationTests",
      dependencies: ["SwiftletEvaluation", "SwiftletTestModels", "SwiftletTestSupport"],
      path: "Tests/Evaluation",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletWhisperTests",
      dependencies: [
        "SwiftletWhisper", "SwiftletCheckpoints", "SwiftletCompute", "SwiftletDevice", "CDevice",
        "EmulatedDevice", "SwiftletTestDevices", "SwiftletTestModels", "SwiftletTestSupport",
        "CAllocations",
      ],
      path: "Tests/Whisper",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletCheckpointsTests",
      dependencies: ["SwiftletCheckpoints", "SwiftletTestModels", "SwiftletTestSupport"],
      path: "Tests/Checkpoints",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletTextTests",
      dependencies: ["SwiftletText", "SwiftletTestModels", "SwiftletTestSupport"],
      path: "Tests/Text",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletBasicsTests",
      dependencies: ["SwiftletBasics", "SwiftletTestSupport"],
      path: "Tests/Basics",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletFilesTests",
      dependencies: ["SwiftletFiles", "SwiftletTestSupport"],
      path: "Tests/Files",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletAudioTests",
      dependencies: ["SwiftletAudio", "SwiftletCheckpoints", "SwiftletTestModels", "SwiftletTestSupport"],
      path: "Tests/Audio",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletComputeTests",
      dependencies: [
        "SwiftletCompute", "SwiftletBasics", "CKernels", "SwiftletTestModels", "SwiftletTestSupport",
      ],
      path: "Tests/Compute",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletDeviceTests",
      dependencies: [
        "SwiftletDevice", "SwiftletBasics", "CDevice", "EmulatedDevice", "SwiftletTestModels",
        "SwiftletTestSupport",
      ],
      path: "Tests/Device",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "SwiftletCommandLineTests",
      dependencies: [
        "Swiftlet", "SwiftletCommandLine", "SwiftletFiles", "SwiftletTestDevices", "SwiftletTestModels",
        "SwiftletTestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/CommandLine",
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzer is linked with libFuzzer, which only `make fuzz` does (Scripts/fuzz); docs/fuzzing.md.
if Context.environment["SWIFTLET_FUZZING"] == "1" {
  package.targets += [
    .systemLibrary(name: "CFuzzer", path: "Tests/Fuzzing/CFuzzer"),
    .executableTarget(
      name: "SwiftletFuzzing",
      dependencies: [
        "SwiftletAudio", "SwiftletCheckpoints", "SwiftletCompute", "SwiftletEvaluation", "SwiftletText",
        "SwiftletWhisper", "SwiftletTestSupport", "CFuzzer",
      ],
      path: "Tests/Fuzzing",
      exclude: ["CFuzzer", "leaks.txt"],
      swiftSettings: swiftSettings),
  ]
}
