#!/usr/bin/env python3
"""Row 8 of the robustness matrix: 1,000 sandboxes, 100 at a time. All end as their commands do, and
nothing is left of them, neither at the end nor in between.

    many.py IMMURE PAYLOAD
"""
import collections
import os
import subprocess
import sys
import time

TOTAL, AT_ONCE, LIMIT_S = 1000, 100, 60
MARK = "immure-fault-many"


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return sorted(line.split(None, 1)[1] for line in table)


def processes():
    """Whose command line holds the mark: the launchers, and what runs inside."""
    found = 0
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                found += MARK.encode() in file.read()
        except OSError:
            pass
    return found


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def main():
    immure, payload = sys.argv[1:]
    before_mounts, before_descriptors = mounts(), descriptors()
    running = collections.deque()
    wrong = []
    most = 0
    start = time.monotonic()

    def finish():
        wanted, process = running.popleft()
        _, said = process.communicate(timeout=LIMIT_S)
        if process.returncode != wanted or said:
            wrong.append(f"exit {process.returncode}, not {wanted}: {said.decode(errors='replace')}")

    for number in range(TOTAL):
        if len(running) == AT_ONCE:
            finish()
        code = number % 120
        running.append((code, subprocess.Popen(
            [immure, "run", "--no-project", "--name", MARK, "--", payload, "exit", str(code)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)))
        if number % 250 == 249:
            # A launcher, pid 1 and the command each; what ended is not there any more.
            most = max(most, processes())
            if most > 3 * AT_ONCE:
                wrong.append(f"{most} processes with {len(running)} running")
    while running:
        finish()
    took = time.monotonic() - start
    end = time.monotonic() + 5
    while processes() and time.monotonic() < end:
        time.sleep(0.1)
    if processes():
        wrong.append(f"{processes()} processes left")
    if mounts() != before_mounts:
        wrong.append("mounts left")
    if descriptors() != before_descriptors:
        wrong.append(f"{descriptors() - before_descriptors} descriptors left")
    print(f"{TOTAL} sandboxes, {AT_ONCE} at a time: {took:.1f} s, {len(wrong)} wrong")
    print("\n".join(wrong[:20]))
    results = os.environ.get("IMMURE_RESULTS")
    if results:
        os.makedirs(results, exist_ok=True)
        with open(results + "/fault.tsv", "a", encoding="utf-8") as table:
            table.write(f"fault\t8\t{TOTAL} sandboxes\t{'strong' if not wrong else wrong[0]}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
