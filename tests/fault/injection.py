#!/usr/bin/env python3
"""Rows 1 to 3 of the robustness matrix: every system call of a launch fails, lies, or is the last one
of its process. Then either immure says in one message what failed, and the command never ran, or the
sandbox is as strong as without the fault: the probe inside says the same. Nothing is left.

    injection.py errors|lies|kills IMMURE INJECT PROBE

IMMURE_FAULTS=all in the environment: every errno for every call, under every profile, instead of a
choice. IMMURE_FAULTS=PROFILE: the choice under this profile alone. IMMURE_FAULTS=PROFILE:PROCESS:CALL:
NTH:ACTION: only this fault, with all that was said.
The verdicts go to the directory that IMMURE_RESULTS names (tests/attack/table.py).
"""
import concurrent.futures
import errno
import itertools
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

ERRORS = ["EPERM", "ENOSYS", "ENOMEM", "EIO", "EINTR", "EMFILE", "ENOSPC"]
ROWS = {"errors": "1", "lies": "2", "kills": "3"}

# Calls that make or keep the sandbox: in the choice they get every errno, and they alone can lie.
PROTECTING = """
    prctl seccomp capset setgroups setsid umask chdir fchdir chroot pivot_root umount2 mount unshare
    clone clone3 setns mount_setattr move_mount open_tree fsopen fsconfig fsmount mkdirat mknodat
    symlinkat fchmod prlimit64 setrlimit sethostname setdomainname keyctl add_key close_range close
    rt_sigprocmask rt_sigaction personality sched_setscheduler sched_setaffinity ioprio_set
    setpriority ioctl landlock_create_ruleset landlock_add_rule landlock_restrict_self fcntl dup2
    write openat2 flock""".split()
# These answer with a number that means something: 0 is no "success, nothing done" of them. A name
# that is missing then, and a limit of the caller's that reads wrong, protect nothing.
NOT_LYING = {"openat2", "open_tree", "fsopen", "fsmount", "clone", "clone3", "fcntl",
             "landlock_create_ruleset", "symlinkat", "mkdirat", "mknodat"}
# What a lie may change: a command that is not in front of its terminal is stopped when it reads.
NO_PROTECTION = re.compile(r" in front \d")

# No error is known of these, and their callers cannot meet one: their answer is a number or address.
NEVER_FAILING = {"getuid", "geteuid", "getgid", "getegid", "getpid", "getpgrp", "brk", "umask"}

# Every kind of step that an ordinary user can have, in a few profiles.
PROFILES = {
    "small": "",
    "files": """
"/data/rw" = { src = "@DATA@/rw", access = "rw" }
"/data/layer" = { type = "overlay", access = "rw", lower = ["@DATA@/layer"] }
"/data/ro/secret" = "hide"
"/scratch" = "tmpfs,size=1M"
"/etc/motd" = { content = "hello" }
"/etc/link" = { target = "motd" }
"/empty" = "dir"
[process]
tty = "detach"
umask = 0o077
[limits]
nofile = { soft = 64, hard = 128 }
fsize = "1G"
""",
    "power": """
"/tmp" = "tmpfs"
[user]
uid = 0
gid = 0
[caps]
keep = ["CAP_NET_RAW"]
bounding = ["CAP_NET_RAW"]
[namespaces]
nested.user = 2
[time]
boottime = "+3d"
[sysctl]
"fs.mqueue.msg_max" = "20"
[seccomp]
allow = ["keyctl"]
[allow]
jit = false
[process]
nice = 19
oom_score_adj = 500
sched = "batch"
io_priority = "idle"
cpus = "0"
personality = ["addr-no-randomize"]
stdin = "null"
""",
    # Below a terminal.
    "terminal": """
"/scratch" = "tmpfs,size=1M"
[process]
tty = "pty"
""",
    # The command is pid 1, behind rules and filters of its own.
    "target": """
"/proc" = { type = "proc", proc = { subset = "pid", hidepid = "invisible" } }
"/data/rw" = { src = "@DATA@/rw", access = "rw" }
[process]
init = "target"
[landlock]
mode = "require"
tcp_bind = [8080]
tcp_connect = [443]
scope = ["signal"]
[landlock.fs]
"/data/rw" = ["ro", "exec", "write-file"]
[seccomp]
deny = ["@timer"]
rules = [{ syscalls = ["lseek"], args = ["2 == 77"], action = "errno:EXDEV" }]
file = "@DATA@/filter.json"
""",
}
FILTER = """{"defaultAction": "SCMP_ACT_ALLOW",
"syscalls": [{"names": ["times"], "action": "SCMP_ACT_ERRNO", "errnoRet": 33}]}"""
# In the choice each call under these gets one errno: the most of them are made under the others, too.
OTHERWISE_ALIKE = {"terminal", "target"}

MESSAGE = re.compile(r"^immure: error\[(E\d{3})\]: ", re.M)
# What is no answer of the kernel has words instead of an errno.
WITHOUT_ERRNO = re.compile(
    r"was killed by|ended with status|no answer for|did not answer|is not executable|"
    r"this kernel has no Landlock")
# Names that only serve the eye: without the passwd file there are others.
NAMES = re.compile(r"^env (LOGNAME|USER)=.*$", re.M)


def call_names():
    """Number to name, as the headers of this machine have them."""
    names = {}
    with open("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", encoding="ascii") as header:
        for line in header:
            if found := re.match(r"#define __NR_(\w+) (\d+)", line):
                names[int(found[2])] = found[1]
    return names


def without_terminal(command, **options):
    return subprocess.run(command, input="", capture_output=True, text=True, errors="replace",
                          timeout=60, check=False, **options)


def at_terminal(command, **options):
    """The same where the command leads the session of a new terminal, which shows what it writes."""
    master, slave = pty.openpty()
    status = os.fstat(slave)
    command = [word.replace("caller=", f"caller={status.st_dev}:{status.st_ino}")
               for word in command]
    shown = bytearray()

    def read():
        try:
            while part := os.read(master, 65536):
                shown.extend(part)
        except OSError:
            pass  # nobody has it open any more

    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.PIPE,
                          start_new_session=True, **options) as process:
        os.close(slave)
        reader = threading.Thread(target=read)
        reader.start()
        said = process.stderr.read()
        process.wait(60)
    reader.join()
    os.close(master)
    text = shown.decode(errors="replace").replace("\r", "")
    return subprocess.CompletedProcess(command, process.returncode, text,
                                       said.decode(errors="replace"))


class Sandbox:
    """One profile, and how a launch under it goes when nothing fails."""

    def __init__(self, name, directory, immure, inject, probe):
        self.name, self.directory, self.inject = name, directory, inject
        text = PROFILES[name].replace("@DATA@", directory + "/data")
        path = f"{directory}/{name}.toml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'extends = []\n[fs]\n"/box" = "{os.path.dirname(probe)}"\n'.replace(
                f'"{os.path.dirname(probe)}"',
                f'{{ src = "{os.path.dirname(probe)}", access = "ro" }}'))
            file.write(f'"/data/ro" = {{ src = "{directory}/data/ro", access = "ro" }}\n{text}')
        outside = [f"{kind}={os.readlink('/proc/self/ns/' + kind)}"
                   for kind in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time")]
        self.command = [immure, "run", "--no-project", "-p", path, "--",
                        "/box/" + os.path.basename(probe), *outside, "caller=", "/", "/dev", "/etc",
                        "/tmp", "/data/ro", "/data/rw", "/data/layer", "/scratch", "/empty"]
        self.at_terminal = name == "terminal"
        self.numbers = itertools.count()
        # Open in the launcher, as what a careless caller leaves open.
        self.inherited = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self.start(["record"])  # from now on the kernel knows all paths, and no helper asks for one
        plain = self.start(["record"])
        if plain[0].returncode != 0 or "Seccomp" not in plain[0].stdout:
            raise SystemExit(f"{name}: does not run without faults: {plain[0].stderr}")
        self.said = plain[0].stdout
        calls = [line.split() for line in plain[1].splitlines()]
        self.calls = []
        for process, number, nth, when in calls:
            # Pid 1 goes on when the command's process has become the command, or nearly so.
            if process == "1" and self.calls and self.has_command():
                when = "run"
            self.calls.append((int(process), int(number), int(nth), when))

    def has_command(self):
        return any(call[0] == 2 for call in self.calls)

    def start(self, how):
        """The finished process, and what the tracer wrote."""
        notes = f"{self.directory}/{self.name}.{next(self.numbers)}"
        run = at_terminal if self.at_terminal else without_terminal
        # Each is the first that its user starts.
        state = notes + ".state"
        done = run([self.inject, notes, *how, *self.command], cwd=self.directory,
                   pass_fds=[self.inherited], env={**os.environ, "XDG_STATE_HOME": state})
        shutil.rmtree(state, ignore_errors=True)
        with open(notes, encoding="ascii") as file:
            text = file.read()
        os.remove(notes)
        return done, text

    def fault(self, process, number, nth, action):
        return self.start([str(process), str(number), str(nth), action])


def differences(expected, said):
    wanted, got = expected.splitlines(), said.splitlines()
    return [f"- {line}" for line in wanted if line not in got] + \
           [f"+ {line}" for line in got if line not in wanted]


def only_refuses_more(expected, said):
    """Whether all that differs is that what went well, or failed otherwise, is refused now: as where
    Landlock did not get a rule that would allow it, or the network's only device is not up."""
    wanted, got = expected.splitlines(), said.splitlines()
    return len(wanted) == len(got) and all(
        now == before or (now.split(": ")[0] == before.split(": ")[0]
                          and now.endswith((": Permission denied", ": Network is unreachable")))
        for before, now in zip(wanted, got))


def judge(sandbox, done, notes, kind, when, last=False):
    """clean, strong, missed (the call did not come), or what is wrong."""
    end = dict(word.split("=") for word in notes.split())
    code = int(end["end"])
    if end["hung"] == "1":
        return "WRONG: hangs"
    if end["left"] != "0":
        return f"WRONG: {end['left']} processes left"
    if end["hit"] == "0":
        return "missed" if done.stdout == sandbox.said else "WRONG: " + done.stderr
    if end["modes"] != "0" and code != -9:
        return "WRONG: the terminal's modes are changed"
    if end["crashed"] != "0":
        return f"WRONG: a process crashed by signal {end['crashed']}"
    if sandbox.at_terminal and when == "run" and code in (0, 128 + signal.SIGHUP) and \
            done.stdout != sandbox.said and sandbox.said.startswith(done.stdout):
        return "clean"  # the terminal did not take it all, as one that is gone
    if code == 0:
        if NAMES.sub("", done.stdout) == NAMES.sub("", sandbox.said):
            return "strong"
        changed = differences(sandbox.said, done.stdout)
        if kind == "lies" and changed and only_refuses_more(sandbox.said, done.stdout):
            return "strong"
        if kind == "lies" and not differences(NO_PROTECTION.sub("", sandbox.said),
                                              NO_PROTECTION.sub("", done.stdout)):
            return "strong"
        return "WRONG: weaker: " + "; ".join(changed)[:600]
    if kind == "kills" and (code == -9 or (code == 137 and (when == "run" or last))):
        # The launcher itself, pid 1 with all inside as it waits, or who had only to exec.
        return "clean"
    messages = set(MESSAGE.findall(done.stderr))  # one for each line that can't be kept
    if code == 125 and len(messages) == 1 and \
            (when == "run" or "wait for the end of the command" in done.stderr):
        return "clean"  # the command ran, and had to be ended
    if code not in (125, 126, 127) or len(messages) != 1:
        return f"WRONG: exit {code}: {done.stderr!r}"
    if done.stdout != "":
        return f"WRONG: the command ran, and then: {done.stderr!r}"
    if not re.search(r"\(E[A-Z0-9]+\)", done.stderr) and not WITHOUT_ERRNO.search(done.stderr):
        return f"WRONG: no errno: {done.stderr!r}"
    return "clean"


def faults(sandbox, kind, everything, position):
    """(process, number, nth, action, when) for this row; a choice of them unless all are wanted."""
    names = call_names()
    turn = position
    started = False
    for process, number, nth, when in sandbox.calls:
        name = names.get(number, str(number))
        started = started or name == "getuid"  # before, the C library starts
        if not started or name in NEVER_FAILING:
            continue
        protects = name in PROTECTING and process > 0
        if kind == "kills":
            yield process, number, nth, "kill", when
        elif kind == "lies":
            if name in PROTECTING and name not in NOT_LYING and when == "setup" and \
                    (process > 0 or name != "prlimit64"):
                yield process, number, nth, "0", when
        elif everything or (protects and sandbox.name not in OTHERWISE_ALIKE):
            for error in ERRORS:
                yield process, number, nth, str(getattr(errno, error)), when
        else:
            yield process, number, nth, str(getattr(errno, ERRORS[turn % len(ERRORS)])), when
            turn += 1


def main():
    kind, immure, inject, probe = sys.argv[1:]
    # Without close_range(2) each is closed by a call of its own, which the tracer slows down.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, most), most))
    which = os.environ.get("IMMURE_FAULTS", "")
    directory = tempfile.mkdtemp(prefix="immure-fault-")
    results = os.environ.get("IMMURE_RESULTS", directory + "/data")
    os.makedirs(results, exist_ok=True)
    os.chmod(directory, 0o755)
    for name in ("ro", "rw", "layer"):
        os.makedirs(f"{directory}/data/{name}")
        with open(f"{directory}/data/{name}/secret", "w", encoding="ascii") as file:
            file.write("secret\n")
    with open(f"{directory}/data/filter.json", "w", encoding="ascii") as file:
        file.write(FILTER)
    names = call_names()
    counts, wrong = {}, []
    try:
        only = which.split(":")[0]
        sandboxes = {name: Sandbox(name, directory, immure, inject, probe) for name in PROFILES
                     if only in ("", "all", name)}
        if ":" in which:
            name, process, call, nth, action = which.split(":")
            number = next(number for number, text in names.items() if text == call)
            done, notes = sandboxes[name].fault(process, number, nth, action)
            print(done.stderr, notes, judge(sandboxes[name], done, notes, kind, "run"))
            return 0
        work = []
        for position, sandbox in enumerate(sandboxes.values()):
            work += [(sandbox, *fault)
                     for fault in faults(sandbox, kind, which == "all", 3 * position)]

        def run(item):
            sandbox, process, number, nth, action, when = item
            verdict = "missed"
            for _ in range(3):  # a poll more or less is the scheduler's business
                if verdict == "missed":
                    verdict = judge(sandbox, *sandbox.fault(process, number, nth, action), kind, when,
                                    names.get(number) == "execve")
            if action.isdigit() and action != "0":
                action = errno.errorcode[int(action)]
            return f"{sandbox.name}:{process}:{names.get(number, number)}:{nth}:{action}", verdict

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool, \
                open(results + "/fault.tsv", "a", encoding="utf-8", buffering=1) as table:
            for case, verdict in pool.map(run, work):
                if verdict != "missed":
                    table.write(f"fault\t{ROWS[kind]}\t{case}\t{verdict}\n")
                word = verdict.split(":")[0]
                counts[word] = counts.get(word, 0) + 1
                if word == "WRONG":
                    wrong.append((case, verdict))
                    print(case, verdict, flush=True)
        left = sorted(set(os.listdir(directory)) - {"data", *(n + ".toml" for n in PROFILES)})
        left += [f"{at}/{name}" for at, _, files in os.walk(f"{directory}/data") for name in files
                 if name not in ("secret", "fault.tsv", "filter.json")]
        if left:
            print("files left:", *left)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{kind}: injected faults {len(work)}:",
          ", ".join(f"{word} {count}" for word, count in sorted(counts.items())))
    return 1 if wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())
