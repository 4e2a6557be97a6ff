// Standard streams that the caller has closed, as `2>&-` does.

import Foundation

enum StandardStreams {
  /// Occupies the descriptors of closed streams, so that no file which is opened later gets one of them, and with it the
  /// messages. Writing to them fails as before: each is open in the direction that it is not used in.
  static func occupyClosed() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
