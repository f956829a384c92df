#!/usr/bin/env python3
"""The same attacks under immure and under its peers, as a table.

usage: compare.py IMMURE PAYLOAD

"open": the attack succeeded. "held": it did not. "-": it cannot be tried there. Every attack has to
succeed without a sandbox; one that does not is left out. Exits with 1 if immure does not hold all, or
its drop-in for bubblewrap, which stands beside it, is open where bubblewrap holds under the same
arguments. The peers are measured as they are, with the arguments that are printed. firejail is a
set-id program, the others are not. Where $IMMURE_RESULTS names a directory, the table is left there, too.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

MARK = "immure-attack-compare"


# What the payload says; whatever else is said comes from a tool that did not start it.
REFUSALS = re.compile(r"E[A-Z0-9]+|empty|none|unset|unhurt|gone|as before")


def tools(immure, payload):
    mounts = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    bwrap, ours = ["bwrap", *mounts], [os.path.join(os.path.dirname(immure), "bwrap"), *mounts]
    hard = ["--unshare-all", "--unshare-user", "--disable-userns", "--new-session", "--die-with-parent", "--clearenv",
            "--setenv", "PATH", "/usr/bin:/bin", "--cap-drop", "ALL", "--tmpfs", "/tmp", "--tmpfs",
            "/run", "--tmpfs", os.path.expanduser("~"), "--ro-bind", payload, payload]
    firejail = ["firejail", "--quiet"]
    harder = ["--noprofile", "--private", "--private-dev", f"--whitelist={payload}",
              "--net=none", "--caps.drop=all",
              "--seccomp", "--nonewprivs", "--noroot", "--restrict-namespaces", "--blacklist=/sys",
              "--rmenv=IMMURE_ATTACK"]
    return {"immure": [immure, "run"], "bwrap": bwrap, "drop-in": ours,
            "bwrap hard": bwrap + hard, "drop-in hard": ours + hard,
            "firejail": firejail, "firejail hard": firejail + harder}


class Outside:
    """What the attacks are aimed at: a process, sockets, files, a key and a variable of the user's."""

    def __init__(self, stack):
        self.directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home = os.path.expanduser("~")
        self.at_home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(dir=home)))
        (self.at_home / "secret").write_text("secret")
        (self.at_home / "file").write_text("")
        self.port = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.named = self.listen(stack, str(self.directory / "socket"))
        self.abstract = self.listen(stack, f"\0{MARK}-{os.getpid()}")
        self.victim = None

    @staticmethod
    def listen(stack, name):
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(name)
        listener.listen(64)
        return listener

    @contextlib.contextmanager
    def fresh_victim(self):
        self.victim = subprocess.Popen(["sleep", "60"])
        try:
            yield
        finally:
            self.victim.kill()
            self.victim.wait()


def attacks(payload, outside):
    """(promise, words, act of the payload); "VICTIM" stands for a process of the user's."""
    terminal = [payload, "with-terminal", "SANDBOX"]
    key = [payload, "with-key", MARK]
    return [
        (1, "run a set-id program", ["run-set-id", "/usr/bin/su", "-c", "true"]),
        (2, "ptrace a process outside", ["attach", "VICTIM"]),
        (2, "read a process's memory", ["read-memory", "VICTIM"]),
        (2, "end a process outside", ["send-signal", "VICTIM", "9"]),
        (4, "use an inherited directory", ["open-at", "77", "secret"]),
        (5, "TIOCSTI", terminal + ["push-input"]),
        (5, "TIOCSTI with high bits", terminal + ["push-input", "1"]),
        (5, "TIOCLINUX", terminal + ["paste-selection"]),
        (5, "TIOCSETD", terminal + ["set-discipline"]),
        (11, "read /proc/keys", ["read", "/proc/keys"]),
        (11, "list /sys", ["list", "/sys"]),
        (12, "open /dev/fuse", ["open-device", "/dev/fuse"]),
        (12, "open /dev/net/tun", ["open-device", "/dev/net/tun"]),
        (13, "a port of the host", ["connect-port", str(outside.port.getsockname()[1])]),
        (13, "an abstract socket", ["connect-abstract", f"{MARK}-{os.getpid()}"]),
        (13, "a vsock", ["socket", "40", "1"]),
        (13, "a netlink door (audit)", ["socket", "16", "3", "9"]),
        (14, "a socket below /tmp", ["connect-path", outside.named.getsockname()]),
        (15, "a key of the session", key + ["session", "SANDBOX", "find-key", MARK, "session"]),
        (15, "a key of the user", key + ["user", "SANDBOX", "find-key", MARK, "user"]),
        (15, "add a key", ["add-key", MARK]),
        (16, "inherit a variable", ["has-variable", "IMMURE_ATTACK"]),
        (17, "read a file at home", ["read", str(outside.at_home / "secret")]),
        (17, "write a file at home", ["open-write", str(outside.at_home / "file")]),
        (18, "a user namespace", ["unshare", "0x10000000"]),
        (18, "a user namespace by clone3", ["clone3", "0x10000000"]),
        (19, "open all terminals", ["many-terminals", "400"]),
        (19, "io_uring", ["io-uring"]),
        (19, "userfaultfd", ["user-fault"]),
        (19, "perf", ["perf"]),
        (19, "bpf", ["bpf"]),
    ]


def attempt(act, launcher, payload, outside):
    """What the payload says: "ok", a refusal, or nothing if it did not run."""
    with outside.fresh_victim():
        words = [str(outside.victim.pid) if word == "VICTIM" else word for word in act]
        inner = [*launcher, "--", payload] if launcher else [payload]
        if "SANDBOX" in words:
            place = words.index("SANDBOX")
            argv = words[:place] + inner + words[place + 1:]
        else:
            argv = inner + words
        directory = os.open(outside.at_home, os.O_RDONLY | os.O_DIRECTORY)
        os.dup2(directory, 77, inheritable=True)
        os.close(directory)
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  errors="replace", timeout=30, check=False, pass_fds=[77], cwd="/usr",
                                  env={**os.environ, "IMMURE_ATTACK": "inherited"})
        except (subprocess.TimeoutExpired, OSError):
            return ""
        finally:
            os.close(77)
    said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return said[-1] if said else ""


def outlives(launcher, payload):
    """Whether something runs on when the launcher is killed."""
    mark = f"{MARK}-{time.monotonic_ns()}"
    sh = ["sh", "-c", "sleep 60; :", mark]
    argv = [*launcher, "--", *sh] if launcher else ["sh", "-c", f"sh -c 'sleep 60; :' {mark} & wait"]
    started = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, cwd="/usr")
    inner = wait_for(lambda: [p for p in marked(mark) if p != started.pid], 10)
    started.kill()
    started.wait()
    if not inner:
        return ""
    wait_for(lambda: not marked(mark), 3)
    left = marked(mark)
    for pid in left:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return "ok" if left else "gone"


def wait_for(what, seconds):
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def marked(mark):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "cmdline").read_text().split("\0"):
                found.append(int(entry.name))
    return found


def verdict(said):
    return "open" if said == "ok" else "held" if REFUSALS.fullmatch(said) else "-"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    immure = os.path.abspath(sys.argv[1])
    lines, bad, tried = [], 0, 0
    with contextlib.ExitStack() as stack:
        outside = Outside(stack)
        public = stack.enter_context(tempfile.TemporaryDirectory())
        os.chmod(public, 0o755)
        payload = shutil.copy(sys.argv[2], public)
        columns = tools(immure, payload)
        rows = [(p, words, lambda launcher, act=act: attempt(act, launcher, payload, outside))
                for p, words, act in attacks(payload, outside)]
        rows.append((6, "outlive a killed launcher", lambda launcher: outlives(launcher, payload)))
        for promise, words, run in sorted(rows, key=lambda row: row[0]):
            if run([]) != "ok":
                lines.append(f"{promise:7}  {words:28}  cannot be tried on this machine")
                continue
            tried += 1
            cells = {}
            for name, launcher in columns.items():
                there = os.path.isabs(launcher[0]) or shutil.which(launcher[0])
                cells[name] = verdict(run(launcher)) if there else "absent"
            bad += cells["immure"] != "held"
            bad += any(cells[f"drop-in{kind}"] != "held" and cells[f"bwrap{kind}"] == "held"
                       for kind in ("", " hard"))
            lines.append(f"{promise:7}  {words:28}" + "".join(f"  {c:13}" for c in cells.values()))
    head = f"promise  {'attack':28}" + "".join(f"  {name:13}" for name in columns)
    arguments = [f"  {name}: {' '.join([os.path.basename(argv[0]), *argv[1:]]).replace(payload, 'COMMAND')} -- COMMAND"
                 for name, argv in columns.items()]
    text = "\n".join([head, *(line.rstrip() for line in lines), *arguments,
                      "  (the drop-in is immure's bwrap; firejail is set-id root; - : could not be tried there)"]) + "\n"
    print(text)
    if results := os.environ.get("IMMURE_RESULTS"):
        (pathlib.Path(results) / "compare.txt").write_text(text)
    sys.exit(1 if bad or not tried else 0)


if __name__ == "__main__":
    main()
