"""Says what the kernel itself counted while another program measured.

witness.py COMMAND...: runs a command that prints a line of JSON per interval, and reads the
kernel's counters whenever a line arrives. So both edges of the last interval are read a moment
after the command's own readings, and equally late. Prints {"looks": [...], "lines": [...]}.
"""

import json
import os
import subprocess
import sys
import time

SLICES = "/sys/fs/cgroup/user.slice"
HZ = os.sysconf("SC_CLK_TCK")


def text(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError, OSError):
        return ""


def keyed(path):
    lines = (line.split() for line in text(path).splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def host():
    for line in text("/proc/stat").splitlines():
        if line.startswith("cpu "):
            user, nice, system, _idle, _wait, irq, softirq = map(int, line.split()[1:8])
            return {"clock": time.monotonic(), "cpu": (user + nice + system + irq + softirq) / HZ}


def cgroup(path):
    memory = keyed(f"{path}/memory.stat")
    return {
        "clock": time.monotonic(),
        "cpu": keyed(f"{path}/cpu.stat").get("usage_usec", 0) / 1e6,
        "charged": int(text(f"{path}/memory.current") or 0),
        "cache": memory.get("file", 0) - memory.get("shmem", 0),
        "reclaimable": memory.get("slab_reclaimable", 0),
        # In memory and on the swap device at once.
        "both": memory.get("swapcached", 0),
        "on_device": int(text(f"{path}/memory.swap.current") or 0),
        "tasks": int(text(f"{path}/pids.current") or 0),
    }


def process(pid):
    """A person's process; None for others, and for one that has gone."""
    uid = keyed(f"/proc/{pid}/status").get("Uid", 0)
    stat = text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if not stat or uid < 1000:
        return None
    clock = time.monotonic()
    memory = keyed(f"/proc/{pid}/smaps_rollup")
    return {
        "uid": uid,
        "clock": clock,
        # Its own and that of children it waited for.
        "cpu": sum(map(int, stat[11:15])) / HZ,
        "cgroup": text(f"/proc/{pid}/cgroup").strip().removeprefix("0::"),
        "swap": 1024 * memory.get("SwapPss", 0),
        "memory": 1024 * (memory.get("Pss_Anon", 0) + memory.get("Pss_Shmem", 0) + memory.get("SwapPss", 0)),
    }


def look():
    seen = {"host": host(), "slices": {}, "services": {}, "processes": {}}
    for name in os.listdir(SLICES):
        if name.startswith("user-"):
            seen["slices"][name[5:-6]] = cgroup(f"{SLICES}/{name}")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        # Whoever owns the directory: no need to read everything of root's.
        try:
            told = process(pid) if os.stat(f"/proc/{pid}").st_uid >= 1000 else None
        except OSError:
            told = None
        if told:
            seen["processes"][pid] = told
    for path in {told["cgroup"] for told in seen["processes"].values()}:
        if path.startswith("/system.slice/"):
            seen["services"][path] = cgroup("/sys/fs/cgroup" + path)
    return seen


def main():
    looks, lines = [], []
    with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE) as command:
        # Before everybody else: a look that waits for a processor is one of another moment.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        for line in command.stdout:
            looks.append(look())
            lines.append(json.loads(line))
    print(json.dumps({"looks": looks, "lines": lines}))
    return command.returncode


sys.exit(main())
