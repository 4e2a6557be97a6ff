// Which language is spoken: the flags.

import ArgumentParser
import Foundation
import Swiftlet

/// Names with commas in between.
struct NameList: ExpressibleByArgument {
  var names: [String]

  init(_ names: [String]) { self.names = names }

  init?(argument: String) {
    names = argument.split(separator: ",").map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " ")) }
    guard !names.isEmpty, names.allSatisfy({ !$0.isEmpty }) else { return nil }
  }

  var defaultValueDescription: String { names.joined(separator: ",") }
}

/// The language that is spoken, or those to detect it among.
struct LanguageArguments: ParsableArguments {
  @Option(
    name: [.short, .long],
    help: "Spoken language, as a code or an English name; 'auto' (the default) detects it.")
  var language: String?

  @Option(
    help: ArgumentHelp(
      "Detect the language among these only: codes or English names, separated by commas.",
      discussion: "By default, among all languages that the model knows.", valueName: "languages"))
  var languageCandidates = NameList([])
}
