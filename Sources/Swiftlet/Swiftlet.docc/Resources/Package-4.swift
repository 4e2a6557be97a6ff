// swift-tools-version: 6.2

import PackageDescription

let swiftlet = Target.Dependency.product(name: "Swiftlet", package: "swiftlet")

let package = Package(
  name: "captions",
  platforms: [.macOS(.v26)],
  dependencies: [
    // The path of your clone of Swiftlet.
    .package(name: "swiftlet", path: "../..")
  ],
  targets: [
    .executableTarget(name: "Transcribe", dependencies: [swiftlet]),
    .target(name: "Terminal", dependencies: [swiftlet]),
    .executableTarget(name: "Subtitles", dependencies: [swiftlet, "Terminal"]),
    .executableTarget(name: "Karaoke", dependencies: [swiftlet, "Terminal"]),
    .executableTarget(name: "Live", dependencies: [swiftlet, "Terminal"]),
  ],
  swiftLanguageModes: [.v6]
)
