#!/usr/bin/env python3
"""What runs after clone calls system calls and itself, and nothing else.

usage: child_symbols.py SOURCE[,SOURCE…] OBJECT[,OBJECT…]
SOURCES are those that run after clone; their objects are found among OBJECTS by name.
"""
import os
import subprocess
import sys

# Thin wrappers of system calls: no allocation, no lock, no locale.
SYSTEM_CALLS = set("""
    _exit accept4 bind chdir chroot clone close close_range connect dup dup2 dup3 execve faccessat fchdir fchmod
    fchmodat fchown fcntl fsconfig fsmount fsopen fspick fstat fstatat fstatfs ftruncate getdents64
    getegid geteuid getgid getpgid getpgrp getpid getppid getrlimit getsid getsockname getuid ioctl kill lseek
    memfd_create mmap mmap64 mkdir mkdirat mknodat mount mount_setattr move_mount nanosleep open open_tree
    openat personality pidfd_open pidfd_send_signal pipe2 pivot_root poll ppoll prctl pread prlimit
    pwrite read readlink readlinkat recv recvmsg sched_setaffinity send sendmsg setdomainname
    setgroups sethostname setns setpriority setresgid setresuid setrlimit setsid setpgid sigaction
    signalfd sigprocmask socket socketpair stat statfs statx symlinkat syscall tcsetpgrp umask umount2
    unlinkat unshare usleep vfork wait4 waitid waitpid write writev
    clock_gettime fork sigaddset sigdelset sigemptyset sigfillset sigismember sigpending
    sigtimedwait sigwaitinfo fstat64 fstatat64 fcntl64 open64 openat64 lseek64 stat64 statfs64
    uname fstatfs64 getrlimit64 setrlimit64 prlimit64 pread64 pwrite64 raise
""".split())
# Pure work on memory, and the ends of hardened code that found a bug.
PURE = set("""
    memchr memcmp memcpy memmove memset strchr strchrnul strcmp strlen strncmp strnlen strrchr stpcpy
    __errno_location abort __stack_chk_fail __fortify_fail __chk_fail _GLOBAL_OFFSET_TABLE_
    __memcpy_chk __memmove_chk __memset_chk __read_chk __pread_chk __pread64_chk __readlink_chk __readlinkat_chk
    __open_2 __openat_2 __open64_2 __openat64_2 __poll_chk __recv_chk __stpcpy_chk __strcpy_chk __strncpy_chk
    __explicit_bzero_chk
""".split())
HARDENED = {"std::__glibcxx_assert_fail(char const*, int, char const*, char const*)"}


def symbols(path, *flags):
    out = subprocess.run(["nm", *flags, path], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1] for line in out.splitlines() if line.strip()}


def demangle(name):
    out = subprocess.run(["c++filt", name], check=True, capture_output=True, text=True).stdout
    return out.strip()


def main():
    sources = [os.path.basename(s) for s in sys.argv[1].split(",")]
    objects = [o for o in sys.argv[2].split(",") if os.path.basename(o)[:-len(".o")] in sources]
    if len(objects) != len(sources):
        print(f"objects {objects} do not match sources {sources}")
        return 1
    own = set()
    for path in objects:
        own |= symbols(path, "--defined-only")
    problems = []
    for path in objects:
        for name in sorted(symbols(path, "--undefined-only")):
            if name in own | SYSTEM_CALLS | PURE or demangle(name) in HARDENED:
                continue
            problems.append(f"{os.path.basename(path)}: {demangle(name)}")
    print("\n".join(problems) or f"{len(objects)} objects stay behind the fence")
    return 1 if problems else 0


sys.exit(main())
