"""Filters as clients make them: libseccomp's, exported as the raw program that --seccomp reads."""
import ctypes
import os

ALLOW, TRAP = 0x7FFF0000, 0x00030000


def errno_of(number):
    return 0x00050000 | number


def export(default, action, calls):
    """A descriptor of a program that does `action` to these calls, `default` to all others. What is
    no call of this architecture is left out."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(default)))
    for call in calls:
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            failed = library.seccomp_rule_add(context, ctypes.c_uint32(action), number, 0)
            assert failed == 0, call
    program = os.memfd_create("filter", 0)
    failed = library.seccomp_export_bpf(context, program)
    library.seccomp_release(context)
    assert failed == 0 and os.lseek(program, 0, os.SEEK_CUR) > 0
    os.lseek(program, 0, os.SEEK_SET)
    return program
