#!/usr/bin/env python3
"""A program of flatpak's own test suite, as Debian installs it, with the given bwrap.

usage: flatpak_suite.py BWRAP PROGRAM

PROGRAM is a name in the suite's folder; "run@user,nodeltas" stands for test-run.sh with these
features, as the suite's test-wrapper.sh understands them.
"""
import pathlib
import re
import sys

import client

SUITE = pathlib.Path("/usr/libexec/installed-tests/Flatpak")


def command(program):
    if "@" in program:
        return [SUITE / "test-wrapper.sh", SUITE / f"test-{program}.wrap", "--tap"]
    return [SUITE / f"test-{program}", "--tap"]


def main():
    program = sys.argv[2]
    client.need("flatpak", "dbus-daemon", "ostree", "socat", "msgfmt", SUITE / "test-wrapper.sh")
    with client.Client(f"flatpak-{re.sub('[^a-z]', '-', program)}", sys.argv[1]) as suite:
        # A home and all else it makes itself, below /tmp, where it leaves some of it, and
        # some processes.
        suite.environment |= {
            "FLATPAK_BWRAP": str(suite.bwrap),
            "G_TEST_SRCDIR": str(SUITE), "G_TEST_BUILDDIR": str(SUITE)}
        empty = suite.directory / "empty"  # it insists
        empty.mkdir()
        done = suite.run(*suite.privately("mount -t tmpfs tmp /tmp", *command(program), options=[
            "--pid", "--fork", "--kill-child", "--mount-proc"]), cwd=empty, timeout=540)
        lines = done.stdout.splitlines()
        plan = [int(line[3:]) for line in lines if re.fullmatch(r"1\.\.[0-9]+", line)]
        passed = [line for line in lines if re.match(r"ok\b", line) and "# SKIP" not in line]
        suite.equal("it ends well", done.returncode, 0)
        suite.check("every test that it plans passes, none is skipped", plan == [len(passed)],
                    f"{len(passed)} of {plan}: {[line for line in lines if '# SKIP' in line]}")
        suite.used()
        if suite.problems:
            print("\n".join(lines[-100:]), done.stderr[-10000:], sep="\n")


main()
