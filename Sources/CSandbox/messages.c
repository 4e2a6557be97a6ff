// Processes, and messages with descriptors between them.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "CSandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

enum { most_descriptors = 8 };

int swiftlet_thread_count(void) {
#if __has_feature(thread_sanitizer)
  // It has a thread of its own.
  return 1;
#endif
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return 0;
  int count = 0;
  for (struct dirent *task; (task = readdir(tasks));) count += task->d_name[0] != '.';
  closedir(tasks);
  return count;
}

uint64_t swiftlet_address_space(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  unsigned long long pages = 0;
  if (fscanf(file, "%llu", &pages) != 1) pages = 0;
  fclose(file);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

int swiftlet_spawn(const char *path, char *const arguments[], char *const variables[], int socket, pid_t *process) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int error = posix_spawn_file_actions_init(&actions);
  if (error) return error;
  error = posix_spawnattr_init(&attributes);
  if (error) {
    posix_spawn_file_actions_destroy(&actions);
    return error;
  }
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // Neither a terminal's signals nor what the calling thread blocks or ignores concerns it.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  posix_spawnattr_setflags(&attributes, flags);
  error = posix_spawn(process, path, &actions, &attributes, arguments, variables);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

pid_t swiftlet_fork(void) { return fork(); }

int swiftlet_socket_pair(int ends[2]) {
#ifdef SOCK_CLOEXEC
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return errno;
#else
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) return errno;
#endif
  for (int i = 0; i < 2; i++) {
    fcntl(ends[i], F_SETFD, FD_CLOEXEC);
#ifdef SO_NOSIGPIPE
    int on = 1;
    setsockopt(ends[i], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  }
  return 0;
}

void swiftlet_close_from(int first) {
#ifdef __linux__
  // glibc's closefrom also works where the system has no close_range.
  closefrom(first);
#else
  for (int descriptor = first, end = getdtablesize(); descriptor < end; descriptor++) close(descriptor);
#endif
}

int swiftlet_send_message(int socket, const void *bytes, uint32_t count, const int *descriptors, int descriptor_count) {
  if (descriptor_count > most_descriptors) return EINVAL;
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_descriptors)];
  struct iovec parts[2] = {{&count, sizeof count}, {(void *)bytes, count}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  if (descriptor_count) {
    memset(control, 0, sizeof control);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
    memcpy(CMSG_DATA(header), descriptors, sizeof(int) * descriptor_count);
  }
  while (parts[0].iov_len || parts[1].iov_len) {
    ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    // The descriptors went with the first byte.
    message.msg_control = NULL;
    message.msg_controllen = 0;
    for (int i = 0; i < 2; i++) {
      size_t taken = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
      parts[i].iov_base = (char *)parts[i].iov_base + taken;
      parts[i].iov_len -= taken;
      sent -= taken;
    }
  }
  return 0;
}

// Reads `count` bytes; how many came before the end, or a negative error number.
static int64_t read_fully(int socket, char *bytes, size_t count) {
  size_t done = 0;
  while (done < count) {
    ssize_t received = read(socket, bytes + done, count - done);
    if (received < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    if (received == 0) break;
    done += received;
  }
  return done;
}

int64_t swiftlet_receive_message(
  int socket, void *bytes, uint32_t capacity, int *descriptors, int *descriptor_count) {
  int room = *descriptor_count;
  *descriptor_count = 0;
  uint32_t count = 0;
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * most_descriptors)];
  struct iovec part = {&count, sizeof count};
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t received;
  do received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received < 0) return -errno;
  if (received == 0) return 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int arrived = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    for (int i = 0; i < arrived; i++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
      fcntl(descriptor, F_SETFD, FD_CLOEXEC);
      if (*descriptor_count < room) descriptors[(*descriptor_count)++] = descriptor;
      else close(descriptor);
    }
  }
  int64_t status = 0;
  if (received < (ssize_t)sizeof count) {
    status = read_fully(socket, (char *)&count + received, sizeof count - received);
    if (status >= 0 && status < (int64_t)sizeof count - received) status = -EPROTO;
  }
  if (status >= 0 && (count == 0 || count > capacity)) status = -EMSGSIZE;
  if (status >= 0) status = read_fully(socket, bytes, count);
  if (status >= 0 && status < count) status = -EPROTO;
  if (status < 0) {
    for (int i = 0; i < *descriptor_count; i++) close(descriptors[i]);
    *descriptor_count = 0;
  }
  return status;
}

int64_t swiftlet_send_some(int socket, const void *bytes, uint64_t count) {
  while (true) {
    ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno != EINTR) return -errno;
  }
}

static void wake(int signal) { (void)signal; }

void swiftlet_watch_children(void) {
  struct sigaction action = {.sa_handler = wake};
  sigemptyset(&action.sa_mask);
  sigaction(SIGCHLD, &action, NULL);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
}

int swiftlet_await(int socket) {
  // The signal comes through only while this waits, so that none is missed.
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  sigdelset(&mask, SIGCHLD);
  fd_set readable;
  FD_ZERO(&readable);
  if (socket >= 0) FD_SET(socket, &readable);
  return pselect(socket + 1, &readable, NULL, NULL, NULL, &mask) == 1;
}

bool swiftlet_reap(struct swiftlet_exit *result) {
  int status;
  struct rusage usage;
  pid_t process;
  do process = wait4(-1, &status, WNOHANG, &usage);
  while (process < 0 && errno == EINTR);
  if (process <= 0) return false;
#ifdef __linux__
  uint64_t unit = 1024;
#else
  uint64_t unit = 1;
#endif
  *result = (struct swiftlet_exit){
    .process = process,
    .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
    .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
    .cpu_seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
      + 1e-6 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
    .memory = (uint64_t)usage.ru_maxrss * unit,
  };
  return true;
}
