// The instructions of Python's pickle that a checkpoint may use.

/// Opcodes of the pickle protocols 0 to 5 (Python's Lib/pickletools.py) that tensors, containers, numbers and
/// texts need. The others build objects, and are refused.
enum PickleOpcode: UInt8 {
  case mark = 0x28
  case stop = 0x2E
  case pop = 0x30
  case popMark = 0x31
  case duplicate = 0x32
  case none = 0x4E
  case newTrue = 0x88
  case newFalse = 0x89
  case int32 = 0x4A
  case uint8 = 0x4B
  case uint16 = 0x4D
  case long1 = 0x8A
  case float = 0x47
  case unicode8 = 0x8C
  case unicode32 = 0x58
  case unicode64 = 0x8D
  case string8 = 0x55
  case bytes8 = 0x43
  case bytes32 = 0x42
  case emptyTuple = 0x29
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case tuple = 0x74
  case emptyList = 0x5D
  case append = 0x61
  case appends = 0x65
  case emptyDictionary = 0x7D
  case setItem = 0x73
  case setItems = 0x75
  case put8 = 0x71
  case put32 = 0x72
  case memoize = 0x94
  case get8 = 0x68
  case get32 = 0x6A
  case global = 0x63
  case stackGlobal = 0x93
  case reduce = 0x52
  case build = 0x62
  case persistentID = 0x51
  case `protocol` = 0x80
  case frame = 0x95
}
