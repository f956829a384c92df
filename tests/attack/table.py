#!/usr/bin/env python3
"""The closing table: promises held, attacks with their controls, injected faults, what was left behind.

usage: table.py begin DIR   clears the results in DIR and notes what there is before the tests
       table.py show DIR    prints the table; 1 if something is broken or was left behind, and where
                            IMMURE_TESTS_MUST_RUN=1 also if a promise was not tried

Tests append to any DIR/*.tsv, one line per case, fields between tabs, a later line for the same case
in place of an earlier one:

  attack PROMISE CASE CONTROL INSIDE VERDICT   held, broken, or "no control" (it proves nothing)
  fault  ROW     CASE VERDICT                  clean (refused with a message), strong (as without the
                                               fault), or what went wrong
"""
import collections
import json
import os
import pathlib
import sys
import time

PROMISES = (
    "no privilege is gained or needed",
    "init cannot be taken over",
    "the launcher's own files are not rewritten",
    "nothing inherited leaks",
    "the caller's terminal is safe",
    "when the launcher ends, everything ends",
    "signals arrive",
    "a mount shows what the plan says, and nothing later",
    "the host is not littered",
    "a planted link does not redirect a bind",
    "/proc and /sys say nothing of the host",
    "/dev is minimal",
    "the network is off when it is off",
    "services of the session are out of reach",
    "kernel keyrings are empty",
    "the environment is clean",
    "files that are trusted later are not planted",
    "nested namespaces are closed",
    "one sandbox does not exhaust the host",
    "what it says cannot be forged",
    "it never fails open",
    "it never hangs",
    "its failure is not the command's",
)


def processes():
    """Ours, zombies aside, but not those that we descend from."""
    found, parents = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if entry.stat().st_uid != os.getuid():
                continue
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        parents[entry.name] = parent
        if state not in "ZX":
            found[entry.name] = words.strip()
    mine = str(os.getpid())
    while mine in parents:
        found.pop(mine, None)
        mine = parents[mine]
    return {f"process {pid}: {' '.join(words.split())[:100]}" for pid, words in found.items()}


def below(directory, what):
    """The names of our own files in a directory."""
    try:
        entries = list(os.scandir(directory))
    except OSError:
        return set()
    found = set()
    for entry in entries:
        try:
            if entry.stat(follow_symlinks=False).st_uid == os.getuid():
                found.add(f"{what} {entry.path}")
        except OSError:
            pass
    return found


def keys():
    try:
        lines = pathlib.Path("/proc/keys").read_text().splitlines()
    except OSError:
        return set()
    kept = (line.split(None, 7) for line in lines)
    # Keyrings go with their processes, and the kernel makes the user's own by itself.
    return {f"key {words[7]}" for words in kept
            if len(words) > 7 and not words[7].startswith("keyring")}


def mounts():
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return {"mount " + " ".join(line.split()[3:5]) for line in lines}


def cgroups():
    return {f"cgroup {path}" for path, _, _ in os.walk("/sys/fs/cgroup")}


def present():
    found = mounts() | keys() | cgroups() | processes()
    for directory in ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"):
        found |= below(directory, "file")
    return found


def left_behind(before):
    """What is there and was not; what is just ending has five seconds to do so."""
    end = time.monotonic() + 5
    while (left := present() - before) and time.monotonic() < end:
        time.sleep(0.2)
    return sorted(left)


def results(directory):
    """{(suite, row, case): fields}"""
    found = {}
    for file in sorted(directory.glob("*.tsv")):
        for line in file.read_text(errors="replace").splitlines():
            fields = line.split("\t")
            if len(fields) >= 4:
                found[tuple(fields[:3])] = fields
    return found


def show_attacks(attacks):
    """Prints the lines of the promises; the number of what does not hold."""
    rows = collections.defaultdict(collections.Counter)
    for (_, promise, _), fields in attacks.items():
        rows[int(promise)][fields[-1]] += 1
    held = 0
    for promise, name in enumerate(PROMISES, 1):
        count = rows[promise]
        good = bool(count) and set(count) == {"held"}
        held += good
        words = "held" if good else "not tried" if not count else "BROKEN"
        total = sum(count.values())
        print(f"  {promise:2}  {name:52}  {words:9}  attacks {total:3}  "
              f"controls {total - count['no control']:3}")
    for (_, promise, case), fields in attacks.items():
        if fields[-1] != "held":
            print(f"  {fields[-1]}: promise {promise}, {case}: "
                  f"without {fields[3][:100]!r}, inside {fields[4][:400]!r}")
    controls = sum(fields[-1] != "no control" for fields in attacks.values())
    print(f"promises held {held} of {len(PROMISES)}, attacks tried {len(attacks)}, controls {controls}")
    broken = sum(fields[-1] != "held" for fields in attacks.values())
    must_run = os.environ.get("IMMURE_TESTS_MUST_RUN") == "1"
    return len(PROMISES) - held if must_run else broken


def show_faults(faults):
    if not faults:
        return 0
    verdicts = collections.Counter(fields[-1] for fields in faults.values())
    wrong = {key: fields for key, fields in faults.items() if fields[-1] not in ("clean", "strong")}
    for (_, row, case), fields in wrong.items():
        print(f"  row {row}, {case}: {fields[-1]}")
    print(f"injected faults {len(faults)}: clean failures {verdicts['clean']}, "
          f"as strong as before {verdicts['strong']}, wrong {len(wrong)}")
    return len(wrong)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("begin", "show"):
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[2])
    note = directory / "before.json"
    if sys.argv[1] == "begin":
        directory.mkdir(parents=True, exist_ok=True)
        for file in [*directory.glob("*.tsv"), *directory.glob("compare.txt")]:
            file.unlink()
        note.write_text(json.dumps(sorted(present())))
        return
    comparison = directory / "compare.txt"
    if comparison.exists():
        print(comparison.read_text())
    found = results(directory)
    wrong = show_attacks({key: fields for key, fields in found.items() if key[0] == "attack"})
    wrong += show_faults({key: fields for key, fields in found.items() if key[0] == "fault"})
    left = left_behind(set(json.loads(note.read_text())))
    for name in left:
        print(f"  left behind: {name}")
    print(f"leftovers {len(left)}")
    sys.exit(1 if wrong or left else 0)


if __name__ == "__main__":
    main()
