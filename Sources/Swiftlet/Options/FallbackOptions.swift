// When a hypothesis is not trusted, and what is done then.

extension TranscriptionOptions {
  /// When a hypothesis is not trusted, and what is done then.
  public struct Fallback: Hashable, Codable, Sendable {
    /// Temperatures to decode at, one after the other, until a hypothesis meets the thresholds. At 0 the most probable tokens are
    /// taken; above it, they are sampled.
    public var temperatures: [Double] = [0, 0.2, 0.4, 0.6, 0.8, 1]
    /// Text that compresses better than this repeats itself and is decoded again at the next temperature; nil disables it.
    public var compressionRatioThreshold: Double? = 2.4
    /// Text with a lower mean log-probability than this is decoded again at the next temperature; nil disables it.
    public var logProbabilityThreshold: Double? = -1
    /// Treat a window as silence above this no-speech probability, if its mean log-probability is below its threshold; nil disables
    /// it.
    public var noSpeechThreshold: Double? = 0.6

    /// The defaults.
    public init() {}

    /// Reads options; those that are missing have their defaults.
    ///
    /// - Throws: `DecodingError` for a key that is no option, and for a value of the wrong type.
    public init(from decoder: any Decoder) throws { try decode(from: decoder) }

    /// Writes all options.
    public func encode(to encoder: any Encoder) throws { try encodeFields(to: encoder) }
  }
}

extension TranscriptionOptions.Fallback: OptionGroup {
  static let fields = [
    OptionField<Self>("temperatures", \.temperatures) {
      !$0.isEmpty && $0.allSatisfy(isTemperature)
        ? nil : "Give at least one temperature; each must be 0, or \(leastTemperature) to 10."
    },
    OptionField("compressionRatioThreshold", \.compressionRatioThreshold, problem: threshold),
    OptionField("logProbabilityThreshold", \.logProbabilityThreshold, problem: threshold),
    OptionField("noSpeechThreshold", \.noSpeechThreshold, problem: threshold),
  ]

  private static let threshold: @Sendable (Double?) -> String? = {
    $0?.isNaN ?? false ? "A threshold must be a number, or be left out." : nil
  }

  /// Below it, dividing by the temperature leaves nothing to draw from in single precision.
  private static let leastTemperature = 0.001

  private static func isTemperature(_ value: Double) -> Bool {
    value == 0 || (leastTemperature...10).contains(value)
  }

  /// The temperatures from a first one up to 1 in equal steps.
  ///
  /// - Parameters:
  ///   - first: the first temperature, from 0 to 10.
  ///   - increment: what is added each time, at least 0.01; nil or 0 for the first temperature alone.
  /// - Throws: ``SwiftletError/Code/invalidOptions`` for numbers out of range.
  public static func temperatures(
    from first: Double, increment: Double?
  ) throws(SwiftletError) -> [Double] {
    guard isTemperature(first) else {
      throw .invalid(
        "A temperature must be 0, or \(leastTemperature) to 10, not \(first).",
        subject: "fallback.temperatures")
    }
    guard let increment, increment != 0 else { return [first] }
    // Written so that NaN is refused too.
    guard increment >= 0.01 else {
      throw .invalid(
        "The temperature can't rise by \(increment); give 0.01 or more, or 0 for no fallback.",
        subject: "fallback.temperatures")
    }
    let steps = Int(max(0, (1 - first) / increment + 1e-6))
    // Without any steps, the increment may be infinite.
    return [first] + (0..<steps).map { first + Double($0 + 1) * increment }
  }
}
