// Forms, whatever the pieces are in which they come.

#if Server
import Foundation
import SwiftletTestSupport
import Testing

@testable import SwiftletServer

@Suite struct MultipartTests {
  private let type = "multipart/form-data; boundary=xyz"

  /// The parts of a body that comes in pieces of a size.
  private func parts(
    _ body: Data, type: String? = nil, pieces size: Int = .max
  ) throws -> [(headers: MultipartParser.PartHeaders, data: Data)] {
    var parser = try MultipartParser(contentType: type ?? self.type)
    var parts: [(headers: MultipartParser.PartHeaders, data: Data)] = []
    var rest = body[...]
    while !rest.isEmpty {
      let piece = rest.prefix(size)
      rest = rest.dropFirst(piece.count)
      for event in try parser.append(piece) {
        switch event {
        case .part(let headers): parts.append((headers, Data()))
        case .data(let data):
          #expect(!data.isEmpty)
          parts[parts.count - 1].data += data
        }
      }
    }
    try parser.finish()
    return parts
  }

  private func body(_ parts: [(header: String, data: Data)], ending: String = "--xyz--\r\n") -> Data {
    parts.reduce(into: Data()) {
      $0 +=
        Data("--xyz\r\nContent-Disposition: form-data; \($1.header)\r\n\r\n".utf8) + $1.data
        + Data("\r\n".utf8)
    } + Data(ending.utf8)
  }

  @Test func partsAreTheSameInAllPieces() throws {
    var generator = SeededGenerator(seed: 1)
    // What looks like a delimiter, or nearly so, and an empty part.
    let tricky = Data("\r\n--xy\r\n--xyw--\r\r\n\r\n--".utf8)
    let random = Data((0..<3_000).map { _ in UInt8.random(in: 0...255, using: &generator) })
    let sent: [(header: String, data: Data)] = [
      ("name=\"model\"", Data("tiny.en".utf8)),
      ("name=\"file\"; filename=\"a.wav\"", tricky + random + tricky),
      ("name=\"prompt\"", Data()), ("name=\"language\"", Data("en".utf8)),
    ]
    let body = Data("preamble".utf8) + Data("\r\n".utf8) + body(sent) + Data("epilogue\r\n--xyz\r\n".utf8)
    for size in Array(1...40) + [1_000, .max] {
      let parts = try parts(body, pieces: size)
      #expect(parts.map(\.data) == sent.map(\.data), "pieces of \(size)")
      #expect(parts.map(\.headers.name) == ["model", "file", "prompt", "language"])
      #expect(parts[1].headers.filename == "a.wav" && parts[0].headers.filename == nil)
    }
  }

  @Test(arguments: [
    (#"name="file"; filename="naïve \"x\".wav""#, "file", "naïve \"x\".wav"),
    (#"name="a%22b"; filename="C:\clips\a.wav""#, "a\"b", #"C:\clips\a.wav"#),
    (#"name=file; filename=a.wav"#, "file", "a.wav"),
    (#"name="file"; filename="x.wav"; filename*=UTF-8''na%C3%AFve.wav"#, "file", "naïve.wav"),
    (#"filename="a;b=c.wav"; name="file""#, "file", "a;b=c.wav"),
  ])
  func namesAreReadAsBrowsersWriteThem(header: String, name: String, filename: String) throws {
    let part = try #require(try parts(body([(header, Data("x".utf8))])).first)
    #expect(part.headers.name == name && part.headers.filename == filename)
  }

  @Test func boundariesMayBeQuotedAndHaveSpacesAfterThem() throws {
    let body = Data("--a b\t \r\ncontent-disposition: form-data; name=\"x\"\r\n\r\n1\r\n--a b--".utf8)
    #expect(
      try parts(body, type: "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"").map(\.data) == [
        Data("1".utf8)
      ])
  }

  @Test(arguments: [
    "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x",
  ])
  func whatIsNoFormIsRefused(type: String) {
    #expect(throws: MultipartParser.Failure.noBoundary) { try MultipartParser(contentType: type) }
  }

  @Test(arguments: [
    "", "--xyz", "--xyz\r\n", "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n",
    "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--xyz",
    "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--xyz\r\n",
  ])
  func formsThatEndEarlyAreRefused(body: String) {
    #expect(throws: MultipartParser.Failure.truncated) { try parts(Data(body.utf8)) }
  }

  @Test func malformedPartsAreRefused() {
    let bodies = [
      "--xyz\r\nno colon\r\n\r\n1\r\n--xyz--", "--xyz\r\nContent-Type: a/b\r\n\r\n1\r\n--xyz--",
      "--xyz\r\n\r\n1\r\n--xyz--",
      "--xyzz\r\n--xyz!", "--xyz\r\nX: " + String(repeating: "a", count: 20_000),
      String(repeating: "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", count: 200)
        + "--xyz--",
    ]
    for body in bodies {
      for size in [1, 7, .max] {
        #expect(
          performing: { try parts(Data(body.utf8), pieces: size) },
          throws: { error in
            if case MultipartParser.Failure.malformed = error { true } else { false }
          })
      }
    }
  }

  /// Damaged forms are read or refused: the same in any pieces.
  @Test func damagedFormsGiveTheSameInAllPieces() {
    var generator = SeededGenerator(seed: 7)
    let whole = body([
      ("name=\"model\"", Data("tiny.en".utf8)), ("name=\"file\"; filename=\"a\"", Data("abc\r\n--x".utf8)),
    ])
    for _ in 0..<3_000 {
      var damaged = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: damaged[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: damaged.remove(at: place)
        default: damaged.insert(contentsOf: [13, 10, 45].shuffled(using: &generator), at: place)
        }
      }
      let atOnce = Result { try parts(damaged) }
      let inPieces = Result { try parts(damaged, pieces: Int.random(in: 1...9, using: &generator)) }
      switch (atOnce, inPieces) {
      case (.success(let one), .success(let other)):
        #expect(one.map(\.headers) == other.map(\.headers) && one.map(\.data) == other.map(\.data))
      case (.failure, .failure): break
      default:
        Issue.record("one way it is read, the other refused: \(String(decoding: damaged, as: UTF8.self))")
      }
    }
  }
}
#endif
