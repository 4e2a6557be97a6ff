// Digests as text.

/// The bytes of a digest, two digits each, in lower case.
package func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
  digest.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}
