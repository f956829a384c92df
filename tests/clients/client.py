"""What the scripts beside this one share: each lets a real client of bubblewrap run the `bwrap` it
is given, offline, on data it makes itself, as an ordinary user, and leaves nothing behind.

The client gets a script that notes its arguments and then executes that binary, so that a test can
say what the client asked for, and that it was this binary that answered.
"""
import contextlib
import importlib
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def skip(reason):
    """Leaves: a missing facility, which is a failure where everything was to be set up."""
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("IMMURE_TESTS_MUST_RUN") == "1" else SKIPPED)


def need(*programs):
    """Leaves unless all of these programs, by name or absolute path, can be run."""
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is missing: see .ci/setup")


def need_introspection(module, version):
    """Leaves unless gi.repository has this. It is not loaded: that alone writes to the home."""
    try:
        importlib.import_module("gi").require_version(module, version)
    except (ImportError, ValueError) as error:
        skip(f"{error}: see .ci/setup")


class Hopeless(Exception):
    """What every later check rests on did not come about; check() has told of it."""


class Client:
    """A place to work in, an environment, and a `bwrap` that notes how it was called.

    Used in a `with`, whose end is the end of the program, too.

    directory  gone at the end; home and runtime are folders in it. Not below /tmp, which most
               clients replace.
    bwrap      the noting script; its folder is first in PATH
    """

    def __init__(self, name, real, where="/var/tmp"):
        if subprocess.run(["unshare", "--user", "true"], check=False).returncode != 0:
            skip("no user namespace can be made here")
        self.name, self.problems = name, []
        self.stack = contextlib.ExitStack()
        self.directory = pathlib.Path(self.stack.enter_context(
            tempfile.TemporaryDirectory(prefix=f"immure-client-{name}-", dir=where)))
        self.home, self.runtime = self.directory / "home", self.directory / "runtime"
        for folder in ("home", "runtime", "temporary", "bin", "calls", "given"):
            (self.directory / folder).mkdir(mode=0o700)
        # A copy, as some clients put something else where a build may be.
        self.given = pathlib.Path(shutil.copy(real, self.directory / "given" / "bwrap"))
        self.bwrap = self.directory / "bin" / "bwrap"
        self.note(self.bwrap)
        self.environment = {
            "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime), "LANG": "C.UTF-8",
            "TMPDIR": str(self.directory / "temporary"),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "PATH": f"{self.bwrap.parent}:/usr/bin:/bin", "USER": "tester", "LOGNAME": "tester",
        }

    def note(self, path):
        """Writes the script. One file a call, as calls are made at the same time; what is in a
        memfd can be read twice."""
        path.write_text(f"""#!/bin/sh
printf '%s\\0' "$@" > {self.directory}/calls/$$
case $1:$(readlink /proc/$$/fd/"$2") in
  --args:/memfd:*) cat /proc/$$/fd/"$2" >> {self.directory}/calls/$$ ;;
esac
exec {shlex.quote(str(self.given))} "$@"
""")
        path.chmod(0o755)

    def calls(self):
        """The arguments of every call so far, those behind --args at the end."""
        return [f.read_text(errors="replace").split("\0")[:-1]
                for f in (self.directory / "calls").iterdir()]

    def bus(self):
        """The address of a message bus with nobody on it, which starts no service either."""
        address = f"unix:path={self.runtime}/bus"
        settings = self.directory / "bus.conf"
        settings.write_text(f"""<busconfig><type>session</type><listen>{address}</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
""")
        daemon = self.start("dbus-daemon", "--nofork", "--nosyslog", f"--config-file={settings}",
                            stderr=subprocess.DEVNULL)
        self.stack.callback(stop, daemon)
        if not until((self.runtime / "bus").exists):
            self.check("a message bus starts", False, daemon.poll())
            raise Hopeless
        return address

    def start(self, *command, **options):
        options.setdefault("env", self.environment)
        options.setdefault("cwd", self.directory)
        return subprocess.Popen([str(word) for word in command], **options)

    @staticmethod
    def privately(mount, *command, options=()):
        """A command line that runs another, as the same user and with no more rights, where the
        shell's words `mount` have changed what is mounted; options are unshare's."""
        return ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount", *options,
                "sh", "-ec", mount + """
exec setpriv --inh-caps=-all --ambient-caps=-all --bounding-set=-all "$@" """, "sh", *command]

    def run(self, *command, timeout=300, **options):
        """A completed process: text, with what it wrote on both outputs in stdout and stderr."""
        options.setdefault("env", self.environment)
        options.setdefault("cwd", self.directory)
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              errors="replace", timeout=timeout, check=False, **options)

    def must(self, *command, **options):
        """As run, for what every later step rests on: the test ends here if it fails."""
        done = self.run(*command, **options)
        if done.returncode != 0:
            self.check(f"{shlex.join(map(str, command))} succeeds", False,
                       f"{done.returncode}\n{done.stdout}{done.stderr}")
            raise Hopeless
        return done

    def check(self, rule, holds, seen=""):
        print(("  ok  " if holds else "WRONG ") + rule + ("" if holds else f": {seen}"), flush=True)
        if not holds:
            self.problems.append(rule)

    def equal(self, rule, seen, expected):
        self.check(rule, seen == expected, f"{seen!r} instead of {expected!r}")

    def used(self, at_least=1):
        """Without this a client that found another bwrap, or none, would pass."""
        count = len(self.calls())
        self.check(f"bwrap was called {at_least} times or more", count >= at_least, count)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        """Leaves with the verdict; an error on the way is a part of it."""
        if kind is not None and not issubclass(kind, Hopeless):
            traceback.print_exception(kind, error, trace, file=sys.stdout)
            self.problems.append(f"{kind.__name__}: {error}")
        self.stack.close()
        if self.directory.exists():
            self.problems.append(f"{self.directory} is left")
        print(f"{self.name}: {'; '.join(self.problems) or 'all is well'}")
        sys.exit(1 if self.problems else 0)


def until(condition, limit_s=60.0):
    """Waits for something that another process does; the last value of the condition."""
    end = time.monotonic() + limit_s
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def alarm(process, limit_s):
    """Kills the process then, unless cancelled: whoever reads from it sees the end."""
    timer = threading.Timer(limit_s, process.kill)
    timer.start()
    return timer


def stop(process):
    """Ends a process that was started here, and waits for it."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
