// Widths of characters, and spaces between scripts.

import SwiftletText
import Testing

@Suite struct ColumnTests {
  /// What wcwidth 0.7.0 (Python) says, which follows Unicode 17.
  @Test(arguments: [
    ("", 0), ("Hello, world", 12), ("こんにちは。", 12), ("ｱｲｳ", 3), ("ＡＢＣ", 6), ("한국어", 6),
    ("\u{1112}\u{1161}\u{11AB}", 2),
    ("e\u{301}", 1), ("é", 1), ("\u{200B}\u{FEFF}", 0), ("ไทย", 3), ("ที่นี่", 2), ("Žluťoučký", 9), ("👩‍👩‍👧", 2),
    ("🇯🇵", 2),
    ("👍🏽", 2), ("❤️", 2), ("❤", 1), ("1️⃣", 2), ("🎵 la", 5), ("、。「」", 8), ("“”…—", 4), ("𠮷", 2), ("〜", 2),
    ("\u{303F}", 1),
    ("नमस्ते", 4), ("𗀀", 2), ("𛀁", 2), ("☰", 2), ("㋿", 2), ("¥￥", 3), ("ꓐ", 1), ("\u{AD}", 1), ("が", 2),
    ("か\u{3099}", 2),
  ])
  func widths(text: String, columns: Int) { #expect(text.columns == columns) }

  @Test(arguments: [
    ("Hello.", "World", true), ("你好。", "世界", false), ("你好”", "“世界", false), ("สวัสดี", "ครับ", false),
    ("안녕", "세상", true),
    ("これは", "OpenAI", false), ("OpenAI", "です", false), ("„Ja“", "„Nein“", true), ("", "a", true),
    ("...", "!", true),
    ("ស្វាយ", "រៀង", false), ("မြန်မာ", "စာ", false), ("ລາວ", "ລາວ", false), ("3", "4", true), ("Ω.", "あ", false),
    ("你好!", "世界", false), ("ㄱ", "ㄴ", true),
  ])
  func spaces(text: String, next: String, isSpaced: Bool) {
    #expect(text.isSpaced(before: next) == isSpaced)
  }

  @Test func languagesWhoseCharactersAreWords() {
    let codes = Language.all.filter(\.charactersAreWords).map(\.code)
    #expect(Set(codes) == ["zh", "ja", "th", "lo", "my", "yue"])
  }
}
