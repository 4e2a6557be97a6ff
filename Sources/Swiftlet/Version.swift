// Which Swiftlet this is.

/// The version of Swiftlet, as in `0.1.0`.
public let swiftletVersion = "0.1.0"
