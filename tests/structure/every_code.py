#!/usr/bin/env python3
"""Every code of base/error.h that src/ can give has its exact text in a test.

The text stands in a fixture (*.expected, *.plan), or in the source of a test as the first line that
is printed: "error[E301]: …", "warning[W710]: …", or "E301 …" where the form of a test is shorter.
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
header = (root / "src/base/error.h").read_text()
enum = re.search(r"enum class Code[^{]*\{(.*?)\};", header, re.S).group(1)
codes = re.findall(r"^\s*(\w+) = (\d+),", enum, re.M)
if len(codes) < 40:
    sys.exit("the enum Code was not understood")

sources = "".join(
    path.read_text()
    for path in (root / "src").rglob("*")
    if path.suffix in {".cc", ".h"} and path.name != "error.h"
)
tests = "".join(
    path.read_text(errors="replace")
    for path in (root / "tests").rglob("*")
    if path.suffix in {".cc", ".expected", ".plan"}
)

# What no machine of the tests can be brought to do, and why.
IMPOSSIBLE = {"E401": "needs a kernel with AppArmor that restricts user namespaces"}

problems = []
for name, number in codes:
    letter = "W" if int(number) >= 700 else "E"
    code = f"{letter}{int(number):03}"
    used = re.search(rf"Code::{name}\b", sources) is not None
    shown = re.search(rf"(?:error|warning)\[{code}\]: \S|\b{code} \S", tests) is not None
    if letter == "W" and re.search(rf'allow = \["{code}"\]', tests):
        shown = True  # it acknowledges an E323 that is shown with it
    if code in IMPOSSIBLE:
        continue
    if used and not shown:
        problems.append(f"{code} ({name}) can be printed, but no test has its text")

print("\n".join(problems))
sys.exit(1 if problems else 0)
