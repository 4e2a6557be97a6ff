// The values that a checkpoint's pickle may consist of.

/// A value on the stack of the pickle reader.
///
/// Containers are numbers of entries in the reader's tables and hold no values themselves: a pickle that
/// nests them a million deep, or inside themselves, costs a million table entries and no recursion.
enum PickleValue: Hashable {
  case none
  case bool(Bool)
  case integer(Int)
  case float(Double)
  case text(String)
  /// Raw bytes, which nothing in a checkpoint needs: known, and not kept.
  case bytes
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case callable(PickleCallable)
  /// The storage that a tensor looks into, as a number in the reader's table.
  case storage(Int)
  case tensor(Int)

  var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }
  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }
}
