"""Memory that is left, asked before a library is called that dies where there is too little."""

from pathlib import Path

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None

_SMALL = 2**20  # bytes that are not worth asking for


def check_memory(resident, reserved, task):
    """Raise where a task needs more memory than is left.

    Parameters
    ----------
    resident : float
        Bytes that the task writes to.
    reserved : float
        Bytes that it asks for: a limit of the address space (`ulimit -v`) counts these.
    task : str
        What needs them, in the error.

    Raises
    ------
    MemoryError
    """
    if reserved < _SMALL:
        return
    for needed, left in ((resident, memory_left()), (reserved, address_space_left())):
        if needed > left:
            raise MemoryError(
                f"{task} needs about {_megabytes(needed)}, {_megabytes(left)} are left."
            )


def memory_left():
    """Bytes that the machine, or the container, has for the process; infinity if it does not say.

    Linux says so, and its control groups (version 2) that containers are.
    """
    machine = _fields("/proc/meminfo")
    left = 1024.0 * (machine.get("MemAvailable:", float("inf")) + machine.get("SwapFree:", 0.0))
    limit = _fields("/sys/fs/cgroup/memory.max", name="limit").get("limit")
    if limit is None:
        return left
    used = _fields("/sys/fs/cgroup/memory.current", name="used").get("used", 0.0)
    cache = _fields("/sys/fs/cgroup/memory.stat").get("inactive_file", 0.0)
    return min(left, limit - used + cache)


def address_space_left():
    """Bytes up to the limit of the address space (`ulimit -v`); infinity without one."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0] if resource else -1
    if not resource or limit == resource.RLIM_INFINITY:
        return float("inf")
    used = _fields("/proc/self/status").get("VmSize:", 0.0)
    return limit - 1024.0 * used


def _fields(path, name=None):
    """Numbers by their names, one a line; of a file of one number, by the name given."""
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return {}
    parts = [([name] if name else []) + line.split() for line in lines]
    return {part[0]: float(part[1]) for part in parts if len(part) > 1 and part[1].isdigit()}


def _megabytes(size):
    return f"{max(size, 0.0) / 2**20:,.0f} MB"
