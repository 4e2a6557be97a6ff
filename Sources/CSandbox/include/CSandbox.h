// What the process that decodes media needs of the system and Swift can't call: fork, descriptors over sockets, signals, limits,
// namespaces, filters of system calls.

#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Threads of this process; 0 if the system does not say.
int swiftlet_thread_count(void);
// Bytes of addresses that this process uses; 0 if the system does not say.
uint64_t swiftlet_address_space(void);
// Starts a program in a process group of its own, with a socket as standard input and nothing else; 0, or an error number.
int swiftlet_spawn(const char *path, char *const arguments[], char *const variables[], int socket, pid_t *process);
// fork(), for a process of one thread.
pid_t swiftlet_fork(void);
// Two ends of a stream between processes, both closed on exec; 0, or an error number.
int swiftlet_socket_pair(int ends[2]);
// Closes every descriptor from `first` on.
void swiftlet_close_from(int first);

// Sends a message with descriptors, whole; 0, or an error number.
int swiftlet_send_message(int socket, const void *bytes, uint32_t count, const int *descriptors, int descriptor_count);
// Receives a message, whole. The number of its bytes; 0 at the end of the stream; a negative error number. At most
// `*descriptor_count` descriptors, which becomes their number; others are closed.
int64_t swiftlet_receive_message(
  int socket, void *bytes, uint32_t capacity, int *descriptors, int *descriptor_count);
// Writes to a socket as much as fits at once, without a signal if nobody reads; what was written, or a negative error number.
int64_t swiftlet_send_some(int socket, const void *bytes, uint64_t count);

// Children that end wake swiftlet_await from now on.
void swiftlet_watch_children(void);
// Waits until the socket, if it is one, can be read (1), or a child has ended (0).
int swiftlet_await(int socket);

struct swiftlet_exit {
  pid_t process;
  // 0 if it ended by itself.
  int signal;
  int code;
  double cpu_seconds;
  // The most memory that was resident.
  uint64_t memory;
};
// Takes a child that has ended; false if there is none.
bool swiftlet_reap(struct swiftlet_exit *exit);

// Layers of the sandbox.
enum {
  swiftlet_layer_limits = 1,
  swiftlet_layer_filter = 2,
  swiftlet_layer_network = 4,
  swiftlet_layer_root = 8,
  swiftlet_layer_user = 16,
};
// For the whole process: no network, no files, no privileges, as far as the system allows that. The layers that it has now.
int swiftlet_isolate(void);

struct swiftlet_limits {
  uint64_t cpu_seconds;
  // Bytes of addresses in all.
  uint64_t address_space;
  // Bytes that a file may become.
  uint64_t file_size;
  // The number that descriptors must be below.
  uint64_t descriptors;
};
// For a child: limits, and death with its parent; 0, or an error number.
int swiftlet_limit(const struct swiftlet_limits *limits);
// For a child: from now on, only what computing and reading and writing open files needs; 0, or an error number.
int swiftlet_filter(void);

// Tries something that the sandbox is to prevent; 0 if it was possible, or the error number; EINVAL for a name it does not know.
int swiftlet_attempt(const char *name);

#endif
