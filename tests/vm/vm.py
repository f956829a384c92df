"""Runs a command on another kernel, in a virtual machine whose files are those of the machine
outside: vm.py --kernel 6.1 [OPTIONS] -- COMMAND [ARGUMENT…]

The guest reads the outside's files as the caller may read them, at their own paths, so that what was
built here runs there; /tmp and /var/tmp are empty (but for one that the caller's directory is in), and
all that it writes is gone with it. The command runs as the caller's user, in the caller's directory, and
its exit status becomes that of this program.
Processors are emulated: nothing here is timed. See fetch_kernels for the kernels.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
HERE = pathlib.Path(__file__).resolve().parent
EMULATOR = "qemu-system-x86_64"
KEPT_VARIABLES = ("HOME", "USER", "LOGNAME", "LANG", "IMMURE_TESTS_MUST_RUN")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("IMMURE_TESTS_MUST_RUN") == "1" else SKIPPED)


def fail(text):
    print(f"vm.py: {text}", file=sys.stderr)
    sys.exit(125)


def words_of(command_line):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernels", default="/var/cache/immure-kernels", metavar="DIR")
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--before", default="", metavar="SHELL",
                        help="run by root in the guest before the command; a failure ends it")
    parser.add_argument("--append", default="", metavar="ARGUMENTS", help="for the kernel")
    parser.add_argument("--seconds", type=int, default=300, help="then it is given up")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(command_line)


def write_strings(path, strings):
    path.write_bytes(b"".join(os.fsencode(text) + b"\0" for text in strings))


def make_initramfs(work, kernel, options):
    """The archive of what the guest has before it reaches its files, the job among it."""
    root = work / "initramfs"
    for name in ("bin", "dev", "proc", "host", "changes", "new", "job"):
        (root / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    (root / "bin/sh").symlink_to("busybox")
    shutil.copytree(kernel / "modules", root / "modules")
    shutil.copy(HERE / "first_init", root / "init")
    (root / "init").chmod(0o755)
    job = root / "job"
    shutil.copy(HERE / "guest_init", job)
    job.joinpath("user").write_text(f"uid={os.getuid()}\ngid={os.getgid()}\n")
    job.joinpath("before").write_text(options.before + "\n")
    job.joinpath("directory").write_text(os.getcwd() + "\n")
    write_strings(job / "command", options.command)
    write_strings(job / "environment", ["PATH=/usr/local/bin:/usr/bin:/bin"] + [
        f"{name}={os.environ[name]}" for name in KEPT_VARIABLES if name in os.environ])
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*"))) + "\n"
    with open(work / "initrd", "wb") as archive:
        subprocess.run(["/bin/busybox", "cpio", "-o", "-H", "newc"], cwd=root, stdout=archive,
                       input=names.encode(), stderr=subprocess.DEVNULL, check=True)


def boot(work, kernel, options):
    """Runs the machine to its end; the command's output goes to standard output."""
    drive = "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
    # no_timer_check: on a busy machine the emulated timer is late for the kernel's test of it.
    arguments = f"console=ttyS0 quiet panic=-1 no_timer_check {options.append}"
    line = [EMULATOR, "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
            "-m", "2048", "-nodefaults", "-display", "none", "-no-reboot", "-nic", "none",
            "-kernel", str(kernel / "vmlinuz"), "-initrd", str(work / "initrd"),
            "-append", arguments, "-virtfs", drive, "-serial", f"file:{work}/console",
            "-serial", "stdio", "-serial", f"file:{work}/status"]
    try:
        subprocess.run(line, stdin=subprocess.DEVNULL, check=True, timeout=options.seconds)
    except subprocess.TimeoutExpired:
        return f"not done after {options.seconds} s"
    except subprocess.CalledProcessError as error:
        return str(error)
    return None


def main():
    options = words_of(sys.argv[1:])
    kernel = pathlib.Path(options.kernels) / options.kernel
    if shutil.which(EMULATOR) is None:
        skip(f"{EMULATOR} is missing: see .ci/setup")
    if not kernel.is_dir():
        skip(f"there is no {kernel}: see .ci/setup")
    with tempfile.TemporaryDirectory(prefix="immure-vm-", dir="/var/tmp") as name:
        work = pathlib.Path(name)
        make_initramfs(work, kernel, options)
        problem = boot(work, kernel, options)
        status = work.joinpath("status").read_text().strip() if problem is None else ""
        if not status.isdigit():
            console = work.joinpath("console").read_text(errors="replace").splitlines()
            fail("\n".join([problem or "the guest told no status", *console[-20:]]))
    sys.exit(int(status))


if __name__ == "__main__":
    main()
