// Files by names that are not text.

import Foundation
import SwiftletFiles
import SwiftletTestSupport
import Testing

@Suite struct SystemFilesTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = TestFolder()
    try body(folder.path)
  }

  private let odd = String(pathBytes: Array("caf".utf8) + [0xE9])

  @Test func filesAppearWholeAndAreReplacedOnlyIfAllowed() throws {
    try withFolder { folder in
      let file = folder.appendingPath(odd)
      try SystemFiles.write([1, 2], to: file, replacing: false)
      #expect(throws: SystemError(code: EEXIST)) { try SystemFiles.write([3], to: file, replacing: false) }
      #expect(try SystemFiles.contents(of: file) == [1, 2])
      try SystemFiles.write([3], to: file, replacing: true)
      #expect(try SystemFiles.contents(of: file) == [3])
      #expect(try SystemFiles.names(in: folder) == [odd], "nothing unfinished is left")
      #expect(try SystemFiles.status(of: file) == (.regular, 1))
      #expect(throws: SystemError(code: ENOENT)) { try SystemFiles.contents(of: folder.appendingPath("x")) }
      let long = folder.appendingPath(String(repeating: "x", count: 256))
      #expect(throws: SystemError(code: ENAMETOOLONG)) {
        try SystemFiles.write([], to: long, replacing: false)
      }
      #expect(try SystemFiles.names(in: folder) == [odd])
    }
  }

  @Test func theLongestNameIsWritten() throws {
    try withFolder { folder in
      let name = String(repeating: "x", count: 255)
      try SystemFiles.write([7], to: folder.appendingPath(name), replacing: false)
      #expect(try SystemFiles.names(in: folder) == [name])
    }
  }

  @Test func foldersAreMadeWithThoseTheyLieIn() throws {
    try withFolder { folder in
      let deep = folder.appendingPath("a/\(odd)/c/")
      try SystemFiles.makeFolder(deep)
      try SystemFiles.makeFolder(deep)
      #expect(SystemFiles.kind(of: deep) == .folder)
      let file = folder.appendingPath("file")
      try SystemFiles.write([], to: file, replacing: false)
      #expect(throws: SystemError(code: ENOTDIR)) { try SystemFiles.makeFolder(file.appendingPath("b")) }
      #expect(throws: SystemError(code: EEXIST)) { try SystemFiles.makeFolder(file) }
    }
  }

  @Test func foldersAreListedInTheOrderOfBytes() throws {
    try withFolder { folder in
      for name in ["b", "B", odd, "a\nb", ".x"] {
        try SystemFiles.write([], to: folder.appendingPath(name), replacing: false)
      }
      #expect(try SystemFiles.names(in: folder) == [".x", "B", "a\nb", "b", odd])
    }
  }
}
