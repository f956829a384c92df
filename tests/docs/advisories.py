#!/usr/bin/env python3
"""The tests that the table of advisories names exist, and every advisory that a test names stands there.

usage: advisories.py SOURCE_DIR
"""
import pathlib
import re
import sys

TEST = re.compile(r"^TEST(?:_F)?\((\w+), (\w+)\)", re.MULTILINE)
ADVISORY = re.compile(r"CVE-\d{4}-\d+")
ROW = re.compile(r"^\| (CVE-.*?) \| (.*?) \| `([\w.]+)` \|$", re.MULTILINE)


def main():
    source = pathlib.Path(sys.argv[1])
    page = (source / "src/manual/text/security.md").read_text()
    tests, named = set(), set()
    for path in sorted((source / "tests/attack").glob("*.cc")):
        text = path.read_text()
        tests |= {".".join(test) for test in TEST.findall(text)}
        named |= set(ADVISORY.findall(text))
    rows = ROW.findall(page)
    problems = [f"{row[0]}: there is no test {row[2]}" for row in rows if row[2] not in tests]
    in_table = set(ADVISORY.findall(" ".join(row[0] for row in rows)))
    problems += [f"{one}: stands outside the table" for one in ADVISORY.findall(page) if one not in in_table]
    problems += [f"{one}: a test names it, the table does not" for one in sorted(named - in_table)]
    if len(rows) < 10 or len(tests) < 10:
        problems.append(f"only {len(rows)} rows and {len(tests)} tests found: this check reads something wrong")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
