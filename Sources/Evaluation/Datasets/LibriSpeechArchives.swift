// Where LibriSpeech is published, and how its archives are told from damaged ones.

/// LibriSpeech: V. Panayotov, G. Chen, D. Povey, S. Khudanpur, "LibriSpeech: an ASR corpus based on public domain audio
/// books", ICASSP 2015; https://www.openslr.org/12, CC BY 4.0.
extension LibriSpeechSplit {
  /// Where the archive of this part is published.
  package var address: String { "https://www.openslr.org/resources/12/\(archiveName)" }

  package var archiveName: String { "\(rawValue).tar.gz" }

  /// The archive's MD5, as `md5sum.txt` beside it gives it.
  package var md5: String {
    switch self {
    case .devClean: "42e2234ba48799c1f50f24a7926300a1"
    case .devOther: "c8d0bcc9cca99d4f8b62fcc847357931"
    case .testClean: "32fa31d27d2e1cad72775fee3f4849a9"
    case .testOther: "fb5a50374b501bb3bac4815ee91d3135"
    case .trainClean100: "2a93770f6d5c6c964bc36631d331a522"
    case .trainClean360: "c0e676e450a7ff2f54aeade5171606fa"
    case .trainOther500: "d1a0fd59409feb2c614ce4d30c387708"
    }
  }

  /// The archive's size, as the page of the corpus gives it.
  package var size: String {
    switch self {
    case .devClean: "337 MB"
    case .devOther: "314 MB"
    case .testClean: "346 MB"
    case .testOther: "328 MB"
    case .trainClean100: "6.3 GB"
    case .trainClean360: "23 GB"
    case .trainOther500: "30 GB"
    }
  }

  /// Recordings in this part: as many lines as its transcripts have.
  package var utteranceCount: Int {
    switch self {
    case .devClean: 2703
    case .devOther: 2864
    case .testClean: 2620
    case .testOther: 2939
    case .trainClean100: 28539
    case .trainClean360: 104014
    case .trainOther500: 148688
    }
  }
}
