"""No core file: what a program had in memory, pictures and sound too, must not be on the disk after it has crashed."""

import contextlib
import sys


def forbid_core_files() -> None:
    """Let the system write none of this program, nor of those that it starts, should it crash."""
    if sys.platform == "win32":
        import ctypes

        # SEM_FAILCRITICALERRORS and SEM_NOGPFAULTERRORBOX: no dump by Windows Error Reporting.
        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        _, hardest = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hardest))
