// Filters of system calls, for the process that decodes media: libseccomp.
#include <seccomp.h>
