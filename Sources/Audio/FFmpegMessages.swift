// What FFmpeg's libraries write by themselves.

#if FFmpeg
import CFFmpeg
#endif

/// FFmpeg's own messages, which it writes to standard error for the whole process.
package enum FFmpegMessages {
  /// Switches them off. For programs; a library does not decide that for its process.
  package static func silence() {
    #if FFmpeg
    av_log_set_level(AV_LOG_QUIET)
    #endif
  }
}
