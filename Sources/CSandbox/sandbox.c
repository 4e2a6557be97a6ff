// The layers around a process that decodes untrusted media.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#endif

// The user nobody, by convention.
enum { nobody = 65534 };

#ifdef __linux__
// A root folder that is empty, and stays so because it has been removed.
static bool leave_files(void) {
  const char *folders[] = {getenv("TMPDIR"), "/tmp", "/dev/shm"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    char path[4096];
    if (!folders[i] || strlen(folders[i]) > sizeof path - 64) continue;
    snprintf(path, sizeof path, "%s/swiftlet-media-XXXXXX", folders[i]);
    if (!mkdtemp(path)) continue;
    bool inside = chdir(path) == 0;
    rmdir(path);
    return inside && chroot(".") == 0 && chdir("/") == 0;
  }
  return false;
}

static void drop_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  syscall(SYS_capset, &header, none);
}
#endif

int swiftlet_isolate(void) {
  int layers = 0;
#ifdef __linux__
  int spaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
  // Root needs no user namespace, in which it could not become another user.
  if ((geteuid() == 0 && unshare(spaces) == 0) || unshare(spaces | CLONE_NEWUSER) == 0) {
    layers |= swiftlet_layer_network;
  }
  if (leave_files()) layers |= swiftlet_layer_root;
  if (geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(nobody, nobody, nobody) == 0
      && setresuid(nobody, nobody, nobody) == 0) {
    layers |= swiftlet_layer_user;
  }
  if (geteuid() != 0) layers |= swiftlet_layer_user;
  drop_capabilities();
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#else
  if (geteuid() == 0 && setgroups(0, NULL) == 0 && setgid(nobody) == 0 && setuid(nobody) == 0) {
    layers |= swiftlet_layer_user;
  }
  if (geteuid() != 0) layers |= swiftlet_layer_user;
#endif
  return layers;
}

static int limit(int kind, uint64_t value, uint64_t hard) {
  struct rlimit limit;
  if (getrlimit(kind, &limit)) return errno;
  // Nobody may raise what is lower already.
  if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > hard) limit.rlim_max = hard;
  limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
  return setrlimit(kind, &limit) ? errno : 0;
}

int swiftlet_limit(const struct swiftlet_limits *limits) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // What a sanitizer reserves is far more than any limit.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  int error = limit(RLIMIT_AS, limits->address_space, limits->address_space);
  if (error) return error;
#endif
#endif
  struct {
    int kind;
    uint64_t value, hard;
  } all[] = {
    {RLIMIT_CPU, limits->cpu_seconds, limits->cpu_seconds + 1},
    {RLIMIT_FSIZE, limits->file_size, limits->file_size},
    {RLIMIT_NOFILE, limits->descriptors, limits->descriptors},
    {RLIMIT_CORE, 0, 0},
    {RLIMIT_NPROC, 0, 0},
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    int error = limit(all[i].kind, all[i].value, all[i].hard);
    if (error) return error;
  }
  return 0;
}

int swiftlet_filter(void) {
#ifdef __linux__
  // Everything else fails, as if it were not permitted.
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (!filter) return ENOMEM;
  static const int allowed[] = {
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek),
    SCMP_SYS(_llseek), SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ppoll),
    // glibc's fstat is newfstatat.
    SCMP_SYS(fstat), SCMP_SYS(newfstatat),
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep), SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(exit), SCMP_SYS(exit_group),
  };
  // No decoder has a use for these, so whoever tries is up to something.
  static const int fatal[] = {
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bpf),
    SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd), SCMP_SYS(perf_event_open), SCMP_SYS(keyctl),
    SCMP_SYS(add_key), SCMP_SYS(mount), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(init_module),
    SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
  };
  int status = 0;
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed && !status; i++) {
    status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
  }
  for (size_t i = 0; i < sizeof fatal / sizeof *fatal && !status; i++) {
    status = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, fatal[i], 0);
  }
  // Memory, but no new code in it.
  const int mapping[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};
  for (size_t i = 0; i < 2 && !status; i++) {
    status = seccomp_rule_add(
      filter, SCMP_ACT_ALLOW, mapping[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  }
  // abort().
  if (!status) {
    status = seccomp_rule_add(
      filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
  }
  if (!status) status = seccomp_load(filter);
  seccomp_release(filter);
  return -status;
#else
  return ENOSYS;
#endif
}

static int number(long result) { return result < 0 ? errno : 0; }

static int attempt_open(void) { return number(open("/etc/passwd", O_RDONLY)); }
static int attempt_create(void) { return number(open("swiftlet-sandbox-test", O_CREAT | O_WRONLY, 0600)); }
static int attempt_remove(void) { return number(unlink("swiftlet-sandbox-test")); }
static int attempt_status(void) {
  struct stat information;
  return number(stat("/etc/passwd", &information));
}
static int attempt_socket(void) { return number(socket(AF_INET, SOCK_STREAM, 0)); }
static int attempt_exec(void) {
  char *const arguments[] = {"true", NULL};
  return number(execve("/bin/true", arguments, arguments + 1));
}
static int attempt_fork(void) {
  pid_t process = fork();
  if (process == 0) _exit(0);
  return number(process);
}
static int attempt_kill(void) { return number(kill(getppid(), 0)); }
static int attempt_descriptor(void) { return number(dup(0)); }
static int attempt_code(void) {
  void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? errno : 0;
}
static int attempt_protect(void) {
  void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? errno : number(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}
static int attempt_memory(void) {
  void *memory = mmap(NULL, 1ull << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? errno : 0;
}
static int attempt_trace(void) {
#ifdef __linux__
  return number(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
#else
  return ENOSYS;
#endif
}
static int attempt_namespace(void) {
#ifdef __linux__
  return number(unshare(CLONE_NEWUSER));
#else
  return ENOSYS;
#endif
}
static int attempt_user(void) { return number(setuid(0)); }
// Not prevented: what a decoder with a fault does.
static int attempt_crash(void) {
  volatile int *nowhere = NULL;
  return *nowhere;
}
static int attempt_abort(void) { abort(); }
// To the server, what no decoder says.
static int attempt_babble(void) {
  while (write(3, "{\"ended\":\n", 10) > 0) {}
  return errno;
}
// That there are samples where there are none.
static int attempt_lie(void) {
  static const char lie[] = "{\"opened\":{\"channels\":1}}\n{\"written\":{\"samples\":1000000}}\n";
  return number(write(3, lie, sizeof lie - 1));
}
static int attempt_work(void) {
  for (volatile uint64_t count = 0;; count++) {}
}

static const struct {
  const char *name;
  int (*run)(void);
} attempts[] = {
  {"open", attempt_open}, {"create", attempt_create}, {"remove", attempt_remove}, {"status", attempt_status},
  {"socket", attempt_socket}, {"exec", attempt_exec}, {"fork", attempt_fork}, {"kill", attempt_kill},
  {"descriptor", attempt_descriptor}, {"code", attempt_code}, {"protect", attempt_protect},
  {"memory", attempt_memory}, {"trace", attempt_trace}, {"namespace", attempt_namespace},
  {"user", attempt_user}, {"crash", attempt_crash}, {"abort", attempt_abort}, {"babble", attempt_babble},
  {"lie", attempt_lie}, {"work", attempt_work},
};

int swiftlet_attempt(const char *name) {
  for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
    if (strcmp(attempts[i].name, name) == 0) return attempts[i].run();
  }
  return EINVAL;
}
