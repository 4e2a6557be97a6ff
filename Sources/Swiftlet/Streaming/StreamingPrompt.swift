// What the decoder is told before it goes on with live sound: never more than it has room for.

import SwiftletText

/// Divides the decoder's positions among what came before the buffer, what is committed in it, and what is new.
struct StreamingPrompt: Sendable {
  let specials: SpecialTokens
  /// The decoder's positions.
  let contextLength: Int

  /// Positions that are left to new text.
  var reserve: Int { contextLength / 4 }

  /// Tokens of committed words that the buffer may hold; past them it must be cut.
  var givenLimit: Int { contextLength / 2 }

  /// What is given comes before what lies further back.
  ///
  /// - Parameters:
  ///   - previous: text before the buffer, of which the last is kept as far as there is room.
  ///   - start: the start sequence, at most an eighth of the context.
  ///   - given: the committed words in the buffer, at most ``givenLimit``.
  func prompt(previous: [Int], start: [Int], given: [Int]) -> DecodingPrompt {
    let room = contextLength - reserve - start.count - given.count - 1
    return DecodingPrompt(
      previous: previous.suffix(max(0, room)), start: start, given: given, specials: specials)
  }

  /// As much of a hypothesis as can be aligned: it goes between the start sequence and the end of text.
  func alignable(_ tokens: [Int], start: [Int]) -> [Int] {
    Array(tokens.prefix(contextLength - start.count - 1))
  }
}
