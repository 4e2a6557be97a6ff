// Small letters, as Python makes them.

/// The text in small letters, by Unicode's full mapping: a capital sigma at the end of a word becomes a final one.
func pythonLowercased(_ text: String) -> String {
  let lowercase = text.lowercased()
  guard text.unicodeScalars.contains("Σ") else { return lowercase }
  // The rest has no context, so that sigma can be done by itself (Unicode, section 3.13, Final_Sigma).
  let scalars = ScalarText(text)
  var result = String.UnicodeScalarView()
  for (index, scalar) in scalars.enumerated() {
    guard scalar == "Σ" else {
      result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      continue
    }
    let before = scalars[..<index].last { !$0.properties.isCaseIgnorable }
    let after = scalars[(index + 1)...].first { !$0.properties.isCaseIgnorable }
    let isFinal = before?.properties.isCased == true && after?.properties.isCased != true
    result.append(isFinal ? "ς" : "σ")
  }
  return String(result)
}
