// PyTorch files that lie, or that want to run something.

import Foundation
import SwiftletCheckpoints
import SwiftletTestModels
import SwiftletTestSupport
import Testing

@Suite struct PickleHostileTests {
  private func failure(_ pickle: Data, storage: Data = Data(count: 16)) throws -> String {
    var zip = ZipBuilder()
    zip.add("archive/data.pkl", pickle)
    zip.add("archive/data/0", storage)
    return try failure(file: zip.finished())
  }

  private func failure(file content: Data) throws -> String {
    let folder = TestFolder()
    let url = try folder.write(content, as: "hostile.pt")
    let error = try #require(throws: CheckpointError.self) { try openCheckpoint(at: url) }
    #expect(error.description.contains("hostile.pt"))
    return error.description
  }

  /// A dictionary with one tensor of the network, over a storage of four floats.
  private func dictionary(_ tensor: (inout PickleBuilder) -> Void) -> Data {
    .init(
      PickleBuilder.stopping { pickle in
        pickle.op("}")
        pickle.text("model.encoder.conv1.bias")
        tensor(&pickle)
        pickle.op("s")
      })
  }

  @Test(arguments: [
    ("os", "system"), ("builtins", "eval"), ("subprocess", "Popen"), ("torch", "load"),
    ("collections", "defaultdict"),
    ("torch._utils", "_rebuild_tensor_v2\n"), ("numpy.core.multiarray", "_reconstruct"),
  ])
  func imports(module: String, name: String) throws {
    let bare = name.trimmingCharacters(in: .newlines)
    let pickle = PickleBuilder.stopping { $0.global(module, bare + (bare == name ? "" : " ")) }
    let found = try failure(pickle)
    #expect(found.contains("refuses to run \(module).\(bare)"), "\(found)")
  }

  /// The import of protocol 4 takes its names from the stack.
  @Test func importFromTheStack() throws {
    let pickle = PickleBuilder.stopping {
      $0.text("os")
      $0.text("system")
      $0.raw([0x93])
    }
    #expect(try failure(pickle).contains("refuses to run os.system"))
  }

  @Test(arguments: [UInt8(0x69), 0x6F, 0x81, 0x92, 0x82, 0x50, 0x98, 0xFF])
  func otherOpcodes(opcode: UInt8) throws {
    let pickle = PickleBuilder.stopping { $0.raw([opcode]) }
    #expect(try failure(pickle).contains("opcode 0x\(String(opcode, radix: 16))"))
  }

  @Test func callingWhatIsNoFunction() throws {
    let storage = PickleBuilder.stopping { pickle in
      pickle.global("torch", "FloatStorage")
      pickle.raw([0x29])
      pickle.op("R")
    }
    #expect(try failure(storage).contains("refuses to run torch.FloatStorage"))
    let number = PickleBuilder.stopping { pickle in
      pickle.integer(1)
      pickle.raw([0x29])
      pickle.op("R")
    }
    #expect(try failure(number).contains("refuses to run"))
    let state = PickleBuilder.stopping { pickle in
      pickle.integer(1)
      pickle.op("}")
      pickle.op("b")
    }
    #expect(try failure(state).contains("__setstate__"))
  }

  /// A million nested lists, tuples and marks: no recursion, no crash.
  @Test(.slow, arguments: [[UInt8(0x5D)], [0x29, 0x85], [0x28], [0x7D], [0x4E, 0x71, 0], [0x32]])
  func deepNesting(unit: [UInt8]) throws {
    let repeated = (0..<1_200_000).flatMap { _ in unit }
    let pickle = PickleBuilder.stopping { pickle in
      pickle.op("N")
      pickle.raw(repeated)
    }
    #expect(try failure(pickle).contains("more than") || failure(pickle).contains("too many"))
  }

  /// Lists inside each other, a list inside itself.
  @Test func cycles() throws {
    let pickle = PickleBuilder.stopping { pickle in
      pickle.op("]")
      pickle.raw([0x71, 0])
      for _ in 0..<1000 {
        pickle.raw([0x68, 0])
        pickle.op("a")
      }
    }
    #expect(try failure(pickle).contains("not a dictionary"))
  }

  /// Each list holds the last one twice: small to write, huge to print or copy.
  @Test func doubling() throws {
    let pickle = PickleBuilder.stopping { pickle in
      pickle.op("N")
      for slot in UInt8(0)..<200 {
        pickle.raw([0x71, slot, 0x30, 0x68, slot, 0x68, slot, 0x86])
      }
    }
    #expect(try failure(pickle).contains("not a dictionary"))
  }

  @Test(arguments: [
    (Data([0x80, 2]), "cut short"), (Data([0x80, 9, 0x2E]), "protocol 9"),
    (Data([0x80, 2, 0x2E]), "empty stack"),
    (Data([0x80, 2, 0x74]), "no mark"), (Data([0x80, 2, 0x68, 5]), "no value 5"),
    (Data([0x80, 2, 0x58, 0xFF, 0xFF, 0xFF, 0xFF]), "cut short"),
    (Data([0x80, 2, 0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), "cut short"),
    (Data([0x80, 2, 0x8A, 9]), "number of 9 bytes"), (Data([0x80, 2, 0x58, 1, 0, 0, 0, 0xFF]), "not UTF-8"),
    (Data([0x80, 2, 0x63, 0x6F]), "cut short"), (Data([0x80, 2, 0x4E, 0x28, 0x61]), "empty stack"),
    (Data([0x80, 2, 0x5D, 0x28, 0x4E, 0x75]), "keys for something"),
    (Data([0x80, 2, 0x4E, 0x51]), "storage"),
    (Data([0x80, 2, 0x4E, 0x28, 0x30, 0x74]), "empty stack"),
    (Data([0x80, 2, 0x4E, 0x2E]), "not a dictionary"), (Data([0x80, 2, 0x7D, 0x2E]), "without an encoder"),
  ])
  func damaged(pickle: Data, message: String) throws {
    let found = try failure(pickle)
    #expect(found.contains(message), "\(found)")
  }

  /// Views that leave their storage of four floats, or claim more memory than it has.
  @Test(arguments: [
    (0, [5], [1], "cut short"), (1, [4], [1], "cut short"), (-1, [2], [1], "element -1"),
    (.max, [1], [1], "element"),
    (0, [-4], [1], "impossible"), (0, [1 << 40, 1 << 40], [1, 1], "impossible"),
    (0, [1 << 30], [0], "cut short"),
    (0, [2, 2], [1 << 62, 1 << 62], "reach outside"), (0, [2], [4], "reach outside"),
    (0, [2], [-1], "reach outside"),
    (0, [2], [], "reach outside"),
    (0, [2, 2], [3, 1], "reach outside"), (0, [4], [1], "config.json"),
  ])
  func views(offset: Int, shape: [Int], strides: [Int], message: String) throws {
    let found = try failure(dictionary { $0.tensor(offset: offset, shape: shape, strides: strides) })
    #expect(found.contains(message), "\(found)")
  }

  @Test func otherStorages() throws {
    let long = dictionary { $0.tensor(type: "LongStorage", offset: 0, shape: [1], strides: [1]) }
    #expect(try failure(long).contains("torch.LongStorage"))
    let text = dictionary { $0.text("not a tensor") }
    #expect(try failure(text).contains("not a tensor"))
  }

  @Test func storageThatIsMissing() throws {
    var zip = ZipBuilder()
    zip.add("archive/data.pkl", dictionary { $0.tensor(offset: 0, shape: [1], strides: [1]) })
    #expect(try failure(file: zip.finished()).contains("data/0"))
  }

  @Test func zip64() throws {
    let pickle = Data([0x80, 2, 0x7D, 0x2E])
    let name = "archive/data.pkl"
    // The pickle is found and read: it is an empty dictionary.
    #expect(try failure(file: ZipBuilder.zip64(name, pickle)).contains("without an encoder"))
    #expect(try failure(file: ZipBuilder.zip64(name, pickle, size: .max)).contains("outside the file"))
    #expect(try failure(file: ZipBuilder.zip64(name, pickle, size: 1 << 40)).contains("cut short"))
    #expect(try failure(file: ZipBuilder.zip64(name, pickle, offset: .max)).contains("outside the file"))
    #expect(try failure(file: ZipBuilder.zip64(name, pickle, offset: 5)).contains("does not start"))
    #expect(try failure(file: ZipBuilder.zip64(name, pickle, directory: .max)).contains("outside the file"))
    #expect(try failure(file: ZipBuilder.zip64(name, pickle, directory: 1)).contains("wrong signature"))
  }

  @Test func zipEntries() throws {
    let pickle = Data([0x80, 2, 0x7D, 0x2E])
    var compressed = ZipBuilder()
    compressed.add("archive/data.pkl", pickle, method: 8)
    #expect(try failure(file: compressed.finished()).contains("compressed"))

    var long = ZipBuilder()
    long.add("archive/data.pkl", pickle, claimedSize: 0xFFFF_FFF0)
    #expect(try failure(file: long.finished()).contains("cut short"))

    // Long enough to reach into the directory, not past the end of the file.
    var greedy = ZipBuilder()
    greedy.add("archive/data.pkl", pickle, claimedSize: UInt32(pickle.count) + 8)
    #expect(try failure(file: greedy.finished()).contains("cut short"))

    var twice = ZipBuilder()
    twice.add("archive/data.pkl", pickle)
    twice.add("archive/data.pkl", pickle)
    #expect(try failure(file: twice.finished()).contains("twice"))

    var other = ZipBuilder()
    other.add("word/document.xml", Data("<xml/>".utf8))
    #expect(try failure(file: other.finished()).contains("data.pkl"))

    var fine = ZipBuilder()
    fine.add("archive/data.pkl", pickle)
    #expect(try failure(file: fine.finished(entries: 2)).contains("cut short"))
    #expect(try failure(file: fine.finished(comment: "a comment")).contains("without an encoder"))

    var foreign = ZipBuilder()
    foreign.add("archive/data.pkl", pickle)
    foreign.add("archive/byteorder", Data("big".utf8))
    #expect(try failure(file: foreign.finished()).contains("byte order"))
  }
}
