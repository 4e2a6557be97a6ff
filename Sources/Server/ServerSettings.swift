// Settings of a server from flags, the environment and a file.

#if Server
public import Configuration
public import Foundation
import Swiftlet

/// Reads ``ServerOptions``: a flag goes before the environment, and that before the file.
public struct ServerSettings: Sendable {
  /// A setting that can't be used.
  public struct Problem: Error, CustomStringConvertible {
    public let description: String
  }

  fileprivate enum Setting: Sendable {
    case text(@Sendable (inout ServerOptions, String) throws -> Void)
    case list(@Sendable (inout ServerOptions, [String]) throws -> Void)
    case number(ClosedRange<Double>, @Sendable (inout ServerOptions, Double) -> Void)
    case whole(ClosedRange<Int>, @Sendable (inout ServerOptions, Int) -> Void)
    case flag(@Sendable (inout ServerOptions, Bool) -> Void)
  }

  /// By their names in a file: `maxUpload` is `--max-upload` and `SWIFTLET_SERVE_MAX_UPLOAD`.
  fileprivate static let settings: [(name: String, setting: Setting)] = [
    ("host", .text { $0.host = $1 }),
    ("port", .whole(0...65_535) { $0.port = $1 }),
    ("models", .list { $0.models = try Self.models($1) }),
    ("openaiNames", .flag { $0.acceptsOpenAINames = $1 }),
    ("device", .text { $0.device = try Self.device($1) }),
    ("precision", .text { $0.precisions = EnginePrecisions(try Self.precision($1)) }),
    ("threads", .whole(1...1024) { $0.threads = $1 }),
    ("concurrency", .whole(1...64) { $0.concurrency = $1 }),
    ("stateDir", .text { $0.stateFolder = Self.url($1, isFolder: true) }),
    ("keys", .flag { $0.allowsAnyone = !$1 }),
    ("tlsCertificate", .text { $0.certificate = Self.url($1) }),
    ("tlsKey", .text { $0.privateKey = Self.url($1) }),
    ("idleUnload", .number(0...1e9) { $0.idleUnload = $1 > 0 ? $1 : nil }),
    ("maxUpload", .number(0.001...1e7) { $0.uploadLimit = Int64($1 * 1_000_000) }),
    ("maxDuration", .number(1...1e8) { $0.durationLimit = $1 }),
    ("maxQueue", .number(0...1e9) { $0.queueLimit = $1 }),
    ("timeout", .number(0.001...1e8) { $0.timeLimit = $1 }),
    ("maxLive", .whole(0...10_000) { $0.liveLimit = $1 }),
    ("maxConnections", .whole(1...1_000_000) { $0.connectionLimit = $1 }),
    ("urlHosts", .list { $0.urlHosts = $1.map { $0.lowercased() } }),
    ("jobLifetime", .number(0.001...1e9) { $0.jobLifetime = $1 }),
    ("webhookHosts", .list { $0.webhookHosts = $1.map { $0.lowercased() } }),
    ("webhookSecret", .text { $0.webhookSecret = $1 }),
    ("trustProxy", .flag { $0.trustsProxy = $1 }),
    ("wyoming", .whole(0...65_535) { $0.wyomingPort = $1 }),
    ("wyomingHost", .text { $0.wyomingHost = $1 }),
    ("drain", .number(0...1e6) { $0.drainTime = $1 }),
    ("logLevel", .text { $0.logLevel = try Self.logLevel($1) }),
  ]

  /// The options that flags, `SWIFTLET_SERVE_...` and a file give.
  ///
  /// - Parameters:
  ///   - flags: by the names that they have in a file.
  ///   - file: JSON.
  /// - Throws: ``Problem`` for a setting that is unknown, of the wrong type, or out of range.
  public static func read(flags: [String: ConfigValue], file: URL?) async throws -> ServerOptions {
    var sources:
      [(name: (String) -> String, key: (String) -> AbsoluteConfigKey, provider: any ConfigProvider)] = [
        (
          { "--" + (Self.flags[$0] ?? hyphenated($0)) }, { AbsoluteConfigKey([$0]) },
          InMemoryProvider(
            name: "flags",
            values: Dictionary(uniqueKeysWithValues: flags.map { (AbsoluteConfigKey([$0.key]), $0.value) }))
        ),
        (
          { variable($0) },
          { AbsoluteConfigKey(["swiftlet", "serve", $0]) }, EnvironmentVariablesProvider()
        ),
      ]
    try checkNames(in: ProcessInfo.processInfo.environment)
    if let file {
      let path = file.path(percentEncoded: false)
      try checkNames(in: file)
      do {
        let provider = try await FileProvider<JSONSnapshot>(
          config: ConfigReader(
            provider: InMemoryProvider(values: ["filePath": ConfigValue(.string(path), isSecret: false)])))
        sources.append(({ "\($0) in \(path)" }, { AbsoluteConfigKey([$0]) }, provider))
      } catch {
        throw Problem(description: "\(path) is not JSON: \(error)")
      }
    }
    var options = ServerOptions()
    for (name, setting) in settings {
      for source in sources {
        do {
          let lookup = try source.provider.value(forKey: source.key(name), type: setting.type)
          guard let value = lookup.value else { continue }
          try setting.apply(value.content, to: &options)
          break
        } catch let problem as Problem {
          throw Problem(description: "\(source.name(name)): \(problem.description)")
        } catch {
          throw Problem(description: "\(source.name(name)) must be \(setting.kind).")
        }
      }
    }
    return options
  }

  /// Flags that are called otherwise, because they can be repeated.
  private static let flags = [
    "models": "model", "urlHosts": "allow-url-host", "webhookHosts": "allow-webhook-host",
  ]

  /// - Throws: ``Problem`` if a variable is there that looks like a setting, and is none.
  private static func checkNames(in environment: [String: String]) throws {
    let known = Set(settings.map { variable($0.name) })
    guard
      let unknown = environment.keys.filter({ $0.hasPrefix("SWIFTLET_SERVE_") && !known.contains($0) }).min()
    else { return }
    throw Problem(
      description: "\(unknown) is no setting; there are \(known.sorted().joined(separator: ", ")).")
  }

  private static func variable(_ name: String) -> String {
    "SWIFTLET_SERVE_" + hyphenated(name).uppercased().replacing("-", with: "_")
  }

  /// `maxUpload` to `max-upload`.
  private static func hyphenated(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
  }

  private static func checkNames(in file: URL) throws {
    let path = file.path(percentEncoded: false)
    guard let data = try? Data(contentsOf: file) else {
      throw Problem(description: "\(path) can't be read.")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw Problem(description: "\(path) is not a JSON object.")
    }
    let known = settings.map(\.name)
    guard let unknown = object.keys.filter({ !known.contains($0) }).min() else { return }
    throw Problem(
      description: "\(path) has \(unknown), which is no setting; there are \(known.joined(separator: ", ")).")
  }

  private static func url(_ path: String, isFolder: Bool = false) -> URL {
    URL(filePath: path, directoryHint: isFolder ? .isDirectory : .notDirectory)
  }

  private static func models(_ names: [String]) throws -> [String] {
    guard !names.isEmpty else { throw Problem(description: "At least one model is needed.") }
    let ids = names.map(ModelPool.id)
    guard Set(ids).count == ids.count else { throw Problem(description: "A model is there twice.") }
    return names
  }

  private static func device(_ name: String) throws -> ComputeDevice {
    guard let device = ComputeDevice(name) else {
      throw Problem(description: "There is no device \(name); use auto, cpu, cuda or cuda:N.")
    }
    return device
  }

  private static func precision(_ name: String) throws -> EnginePrecision {
    guard let precision = EnginePrecision(rawValue: name) else {
      throw Problem(description: "There is no precision \(name); use fp32, fp16, bf16 or int8.")
    }
    return precision
  }

  private static func logLevel(_ name: String) throws -> String {
    let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    guard levels.contains(name) else {
      throw Problem(description: "There is no level \(name); use one of \(levels.joined(separator: ", ")).")
    }
    return name
  }
}

extension ServerSettings.Setting {
  fileprivate var type: ConfigType {
    switch self {
    case .text: .string
    case .list: .stringArray
    case .number: .double
    case .whole: .int
    case .flag: .bool
    }
  }

  /// What a value must be, for messages.
  fileprivate var kind: String {
    switch self {
    case .text: "text"
    case .list: "a list of texts"
    case .number(let range, _): "a number from \(range.lowerBound) to \(range.upperBound)"
    case .whole(let range, _): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .flag: "true or false"
    }
  }

  fileprivate func apply(_ content: ConfigContent, to options: inout ServerOptions) throws {
    switch (self, content) {
    case (.text(let set), .string(let value)): try set(&options, value)
    case (.list(let set), .stringArray(let values)): try set(&options, values)
    case (.number(let range, let set), .double(let value)) where range.contains(value): set(&options, value)
    case (.whole(let range, let set), .int(let value)) where range.contains(value): set(&options, value)
    case (.flag(let set), .bool(let value)): set(&options, value)
    default: throw ServerSettings.Problem(description: "It must be \(kind).")
    }
  }
}
#endif
