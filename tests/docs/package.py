#!/usr/bin/env python3
"""The Debian package: what it says of itself, that it installs into an empty system and runs there
with the profiles of its data directory, and that nothing of it is left when it is removed.

usage: package.py BUILD_DIR

As an ordinary user, below a scratch root. Exit status 77: it cannot be tried here.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FAKEROOT = ["fakeroot", "--"]
FIELDS = {
    "Package": "immure", "Section": "utils", "Priority": "optional",
    "Maintainer": "immure developers <immure@localhost.invalid>",
    "Description": "run a program in a sandbox, as an ordinary user",
}
CONTENTS = """bin/immure libexec/immure/bwrap share/immure/immure.schema.json share/immure/profiles/default.toml
share/immure/allow/cwd.toml share/man/man1/immure.1.gz share/man/man1/immure-run.1.gz
share/man/man1/immure-bwrap.1.gz share/man/man5/immure-profile.5.gz
share/man/man7/immure-security.7.gz share/bash-completion/completions/immure
share/zsh/vendor-completions/_immure share/fish/vendor_completions.d/immure.fish
share/doc/immure/LICENSE share/doc/immure/copyright""".split()


def run(*command, check=True, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def cannot_run(reason):
    print(f"cannot be tried here: {reason}")
    sys.exit(1 if os.environ.get("IMMURE_TESTS_MUST_RUN") == "1" else 77)


def tree(root):
    """All below the root but dpkg's own notes."""
    return {str(path.relative_to(root)) for path in root.rglob("*")
            if not path.is_relative_to(root / "var/lib/dpkg")}


def empty_system(root):
    for directory in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / directory).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()


def dpkg(root, *words):
    environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    run(*FAKEROOT, "dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless",
        "--log=/dev/null", *words, env=environment)


def inside(root, *command, check=True):
    """Runs it where /usr is the installed one alone, and /bin holds one static program to start."""
    return run("bwrap", "--unshare-user", "--unshare-pid", "--ro-bind", f"{root}/usr", "/usr",
               "--ro-bind", "/usr/bin/busybox", "/bin/busybox", "--dev", "/dev", "--proc", "/proc",
               "--tmpfs", "/home", "--clearenv", "--chdir", "/home", *command, check=check)


def check_fields(package, problems):
    for field, value in FIELDS.items():
        found = run("dpkg-deb", "-f", package, field).stdout.splitlines()
        if not found or found[0] != value:
            problems.append(f"{field}: {found[:1]}, not {value!r}")
    for field in ("Depends", "Recommends", "Pre-Depends"):
        if run("dpkg-deb", "-f", package, field).stdout.strip():
            problems.append(f"the package has {field}, though the program is static")
    if len(run("dpkg-deb", "-f", package, "Description").stdout.splitlines()) < 3:
        problems.append("there is no long description")
    for line in run("dpkg-deb", "-c", package).stdout.splitlines():
        mode, owner = line.split()[:2]
        if owner != "root/root" or mode[5] == "w" or mode[8] == "w" or "s" in mode.lower():
            problems.append(f"owner or mode: {line}")


def check_running(root, prefix, problems):
    probe = inside(root, "/bin/busybox", "true", check=False)
    if probe.returncode != 0:
        cannot_run("bwrap: " + probe.stderr.strip())
    immure = f"{prefix}/bin/immure"
    shown = inside(root, immure, "explain", "--as", "json", "/bin/busybox").stdout
    paths = re.findall(r'"path":\s*"([^"]*)"', shown)
    if paths != [f"{prefix}/share/immure/profiles/default.toml"]:
        problems.append(f"the profile comes from {paths}, not from the data directory")
    said = inside(root, immure, "run", "--", "/bin/busybox", "echo", "it runs").stdout
    if said != "it runs\n":
        problems.append(f"the installed program printed {said!r}")
    drop_in = f"{prefix}/libexec/immure/bwrap"
    said = inside(root, drop_in, "--unshare-pid", "--ro-bind", "/", "/", "/bin/busybox", "echo", "it runs").stdout
    if said != "it runs\n":
        problems.append(f"the installed drop-in for bubblewrap printed {said!r}")
    schema = (root / prefix.lstrip("/") / "share/immure/immure.schema.json").read_text()
    if inside(root, immure, "schema").stdout != schema:
        problems.append("the installed schema is not what the program prints")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if os.getuid() == 0:
        cannot_run("this is for an ordinary user")
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        os.umask(0o022)
        run("cpack", "-G", "DEB", "--config", str(build / "CPackConfig.cmake"), "-B", scratch)
        package = str(next(pathlib.Path(scratch).glob("immure_*.deb")))
        check_fields(package, problems)

        root = pathlib.Path(scratch, "root")
        empty_system(root)
        before = tree(root)
        dpkg(root, "--install", package)
        installed = tree(root)
        binary = next((path for path in installed if path.endswith("/bin/immure")), "bin/immure")
        prefix = "/" + binary.removesuffix("/bin/immure")
        problems += [f"{path} is not installed" for path in CONTENTS
                     if f"{prefix}/{path}".lstrip("/") not in installed]
        # A distribution's own bwrap must stay the one that is found.
        problems += [f"{path} stands where programs are looked for" for path in installed
                     if re.search(r"(^|/)s?bin/bwrap$", path)]
        status = run("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f", "${db:Status-Status}",
                     "immure").stdout
        if status != "installed":
            problems.append(f"dpkg says {status!r} after the installation")
        check_running(root, prefix, problems)

        dpkg(root, "--purge", "immure")
        left = tree(root) - before
        if left:
            problems.append(f"left behind: {sorted(left)}")
        if list((root / "var/lib/dpkg/info").glob("immure.*")):
            problems.append("dpkg still has notes on immure")
    print("\n".join(problems) or f"{len(installed - before)} files and directories, all gone again")
    return 1 if problems else 0


sys.exit(main())
