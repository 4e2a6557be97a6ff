// What counts as white space where texts are compared.

extension Unicode.Scalar {
  /// Whether Python takes this for white space, in `str.split`, `str.strip` and `\s` alike.
  ///
  /// Those are Unicode's `White_Space` and, besides, the four separators of ASCII (1C to 1F).
  var isPythonWhitespace: Bool {
    switch value {
    case 0x09...0x0D, 0x1C...0x20: true
    case 0x21...0x84: false
    case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }
}
