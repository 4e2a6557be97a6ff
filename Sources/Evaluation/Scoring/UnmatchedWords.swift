// Words that were lost or made up in whole stretches: what the error rate does not tell from single wrong words.

/// How many words of the reference were left out, and how many words of the hypothesis invented, in long runs.
package struct UnmatchedWords: Codable, Hashable, Sendable {
  /// A run of at least this many words with nothing against them counts; fewer are taken for words misheard.
  package static let shortestRun = 5

  /// Words of the reference in runs of deletions.
  package var leftOut: Int
  /// Words of the hypothesis in runs of insertions; all of them where the reference is empty, as nobody speaks there.
  package var invented: Int

  package init(leftOut: Int = 0, invented: Int = 0) {
    self.leftOut = leftOut
    self.invented = invented
  }

  /// The counts of an alignment.
  package init(_ operations: some Sequence<EditOperation>) {
    self.init()
    var run: (operation: EditOperation, count: Int) = (.match, 0)
    var isReferenceEmpty = true
    func end(_ counts: inout UnmatchedWords) {
      guard run.count >= Self.shortestRun else { return }
      if run.operation == .deletion { counts.leftOut += run.count }
      if run.operation == .insertion { counts.invented += run.count }
    }
    var insertions = 0
    for operation in operations {
      if operation == .insertion { insertions += 1 } else { isReferenceEmpty = false }
      if operation == run.operation {
        run.count += 1
      } else {
        end(&self)
        run = (operation, 1)
      }
    }
    end(&self)
    if isReferenceEmpty { invented = insertions }
  }

  package static func + (one: UnmatchedWords, other: UnmatchedWords) -> UnmatchedWords {
    UnmatchedWords(leftOut: one.leftOut + other.leftOut, invented: one.invented + other.invented)
  }
}
