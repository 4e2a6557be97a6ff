// Prints what is said in a recording, one line for each segment.

import Swiftlet

let transcriber = try await Transcriber.load("tiny.en")
