// What the names of sound and video files end with.

/// Endings without the dot, in lower case.
package let mediaExtensions: Set<String> = [
  // Sound.
  "3ga", "8svx", "aa", "aac", "aax", "ac3", "ac4", "adts", "aif", "aifc", "aiff", "alac", "amr", "ape", "au",
  "awb",
  "caf", "dff", "dsf", "dss", "dts", "ec3", "eac3", "flac", "gsm", "m4a", "m4b", "m4p", "m4r", "mka", "mlp",
  "mp1", "mp2",
  "mp3", "mpa", "mpc", "mpga", "oga", "ogg", "oma", "opus", "qcp", "ra", "rf64", "snd", "sph", "spx", "tak",
  "thd", "tta",
  "voc", "vox", "w64", "wav", "wave", "weba", "wma", "wv",
  // Video.
  "3g2", "3gp", "3gpp", "amv", "asf", "avi", "divx", "dv", "f4v", "flv", "gxf", "ivf", "m1v", "m2t", "m2ts",
  "m2v", "m4v",
  "mj2", "mjpg", "mkv", "mod", "mov", "mp4", "mpe", "mpeg", "mpg", "mpv", "mts", "mxf", "nut", "ogm", "ogv",
  "ogx", "qt",
  "rm", "rmvb", "swf", "ts", "vob", "webm", "wmv", "wtv", "y4m",
]

extension String {
  /// Whether the name ends as those of sound and video files do.
  package var hasMediaExtension: Bool { lastPathComponent.mediaExtensionStart != nil }

  /// The name, the last component of the path, without the ending of a sound or video file. Other endings are part of the
  /// name: `call.2024-01-05`.
  package var nameWithoutMediaExtension: String {
    let name = lastPathComponent
    return name.mediaExtensionStart.map { String(name.unicodeScalars[..<$0]) } ?? name
  }

  /// Where the dot of a media extension is, unless there is nothing before it.
  private var mediaExtensionStart: String.Index? {
    guard let dot = unicodeScalars.lastIndex(of: "."), dot > startIndex else { return nil }
    let ending = String(unicodeScalars[unicodeScalars.index(after: dot)...]).lowercased()
    return mediaExtensions.contains(ending) ? dot : nil
  }
}
