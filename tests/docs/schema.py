#!/usr/bin/env python3
"""The JSON Schema that `immure schema` prints is one, and says of profiles what `immure check` says.

usage: schema.py IMMURE SOURCE_DIR
"""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import jsonschema

# Values that every key is tried with, as TOML.
VALUES = """true; false; 0; 1; -1; 5; 640; 0o640; 99999999; 1.5; 1979-05-27; [ ]; ["x"]; [1]; ["!x"];
["!*"]; [""]; ["CAP_KILL"]; ["!CAP_KILL"]; ["ALL"]; ["uname26"]; [-1]; ["/a"]; { }; { soft = 1, hard = 2 };
{ soft = 1 }; { soft = 1, hard = 2, x = 3 }; { soft = "1s", hard = "2s" }; { src = "/usr" }; { src = 1 };
{ pass = true }; { pass = 1 }; { target = "x" }; { nope = true }; { user = 1 }; { lower = [] }; { lower = "/a" };
{ subset = "pid" }; { proc = { subset = "all" } }; { upper = "tmp" }; { upper = "x" }; { type = "bnd" };
{ content = "x", mode = 0o600 }; { size = "1M", inodes = 0 }; ""; "x"; "ro"; "ro?"; "ro?,noexec"; "ro,nope";
"tmpfs,size=16M,mode=1777"; "tmpfs,size=16MB"; "64M"; "64MB"; "2GiB"; "10min"; "10m"; "5"; "+3d"; "-1h";
"0o640"; "0640"; "640"; "0o9"; "/a"; "a"; "~"; "~/a"; "~a"; "${CWD}/a"; "inherit"; "null"; "hard"; "unlimited";
"TERM"; "SIGTERM"; "15"; "TREM"; "0-3,5"; "0-"; "0,"; "all"; "tmp"; "true"; "new"; "host"; "path:/x"; "pid"; "none"
""".replace("\n", " ").split("; ")
# Errors of the schema: what breaks them, a validator must refuse too.
OF_THE_SCHEMA = {"E202", "E203", "E204", "E209", "E210"}
# Of one key alone, a schema cannot say what check says: they need another one, or are encoded; and
# other packages may have brought intents of any name.
NOT_ALONE = re.compile(r'allow = \{|fs\."/x"\.(type = "(file|symlink)"|content_base64 = |expand = |target = "")')
NAMES = {"fs": '"/x"', "env": "X", "sysctl": '"kernel.msgmax"'}

# An error with the place in a file named after its number.
REPORT = r"error\[(E\d+)\][^\n]*\n(?:(?!immure:)[^\n]*\n)*?  --> \S*/(\d+)\.toml:"

NEGATIVE = {
    "unknown table": "[proces]\numask = 0o22\n",
    "unknown key": "[process]\numsk = 0o22\n",
    "wrong value of an intent": '[allow]\nkvm = "yes"\n',
    "intent of another version": '[allow]\nwayland = true\n',
    "key at the wrong place": "umask = 0o22\n",
    "wrong type": "[root]\nwritable = 1\n",
    "wrong word": '[process]\ntty = "shared"\n',
    "word of another version": '[allow]\nnetwork = "user"\n',
    "key of another version": '[network]\nmode = "user"\n',
    "relative destination": '[fs]\n"data" = "ro"\n',
    "wrong access": '[fs]\n"/data" = "read"\n',
    "unknown key of an entry": '[fs]\n"/data" = { source = "/a" }\n',
    "out of range": "[process]\nnice = 20\n",
    "array where a table belongs": "fs = []\n",
}


def plain(value):
    """As a validator of JSON sees it: a TOML date is none of JSON's types, but no error to load."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if isinstance(value, (datetime.date, datetime.time)) else value


def keys_of(node, prefix=""):
    """All keys of the schema: (dotted key as TOML, its schema), tables and entries included."""
    found = []
    for branch in node.get("anyOf", []):
        found += keys_of(branch, prefix)
    others = node.get("additionalProperties")
    entries = list(node.get("properties", {}).items())
    if isinstance(others, dict):
        entries.append((None, others))
    entries += [(None, entry) for entry in node.get("patternProperties", {}).values()]
    for name, child in entries:
        if name is None:
            name = NAMES.get(prefix)
        if name is None:
            continue  # an intent of another package, which check looks for on the machine
        key = f"{prefix}.{name}" if prefix else name
        if "soft" not in node.get("properties", {}):
            found.append((key, child))
            found += keys_of(child, key)
    return found


def words_of(node):
    words = [json.dumps(word) for word in node.get("enum", [])]
    for branch in node.get("anyOf", []):
        words += words_of(branch)
    return words


def check(immure, files):
    """The output of `immure check`, and {number of the file: its codes} as far as errors name it."""
    done = subprocess.run([immure, "check", *files], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"immure check: status {done.returncode}\n{done.stderr[:2000]}")
    codes = {}
    for code, number in re.findall(REPORT, done.stderr):
        codes.setdefault(int(number), set()).add(code)
    return done.stderr, codes


def codes_of_check(immure, texts):
    """The error codes of `immure check` for each text, in order."""
    codes = {}
    with tempfile.TemporaryDirectory() as directory:
        files = [os.path.join(directory, f"{number}.toml") for number in range(len(texts))]
        for path, text in zip(files, texts):
            pathlib.Path(path).write_text(text)
        for start in range(0, len(files), 100):
            batch = files[start:start + 100]
            said, found = check(immure, batch)
            codes.update(found)
            if len(re.findall(REPORT, said)) == said.count("error["):
                continue
            # Some are about another file, that of an intent: each is asked for alone.
            for number, path in enumerate(batch, start):
                codes[number] = set(re.findall(r"^immure: error\[(E\d+)\]", check(immure, [path])[0], re.M))
    return [codes.get(number, set()) for number in range(len(texts))]


def compare(immure, schema, validator, problems):
    texts = []
    for key, node in keys_of(schema):
        if key != "extends":
            texts += [f"extends = []\n{key} = {value}\n" for value in VALUES + words_of(node)]
    agreed = {True: 0, False: 0}
    for text, codes in zip(texts, codes_of_check(immure, texts)):
        valid = validator.is_valid(plain(tomllib.loads(text)))
        line = text.splitlines()[1]
        if valid and codes & OF_THE_SCHEMA and not NOT_ALONE.match(line):
            problems.append(f"check says {sorted(codes)}, the schema allows: {line}")
        elif not valid and not codes:
            problems.append(f"check allows, the schema refuses: {line}")
        else:
            agreed[valid] += 1
    if min(agreed.values()) < 300:
        problems.append(f"too few values were compared: {agreed}")
    return agreed


def main():
    immure, source = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([immure, "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft4Validator.check_schema(schema)
    validator = jsonschema.Draft4Validator(schema)
    problems = []

    profiles = sorted((source / "profiles").glob("*.toml"))
    for path in profiles:
        document = plain(tomllib.loads(path.read_text()))
        problems += [f"{path}: {error.message}" for error in validator.iter_errors(document)]
        document["no-such-key"] = True
        if validator.is_valid(document):
            problems.append(f"{path}: is still valid with a key that does not exist")
    if not profiles:
        problems.append(f"no profile below {source}")
    for what, text in NEGATIVE.items():
        if validator.is_valid(plain(tomllib.loads(text))):
            problems.append(f"the schema allows: {what}")
        if not codes_of_check(immure, [text])[0]:
            problems.append(f"check allows: {what}")
    agreed = compare(immure, schema, validator, problems)
    print("\n".join(problems) or f"{len(profiles)} profiles; {agreed[True]} values that both allow, "
          f"{agreed[False]} that both refuse")
    return 1 if problems else 0


sys.exit(main())
