"""Processes whose tracer stopped them where the kernel holds locks of theirs, and never goes on:
at the end of an exec, in their exit, and in an exec that waits for a thread stopped in its exit.

Prints "ready" when they are all there.
"""

import ctypes
import os
import signal
import threading
import time

TRACEME, CONT, SETOPTIONS = 0, 7, 0x4200
TRACECLONE, TRACEEXEC, TRACEEXIT = 0x08, 0x10, 0x40
EXEC, EXIT = 4, 6
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, pid, data=0):
    if libc.ptrace(request, pid, None, data):
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def traced(options, story):
    """A child that is stopped before its story."""
    child = os.fork()
    if child == 0:
        ptrace(TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        story()
        os._exit(0)
    os.waitpid(child, WALL)
    ptrace(SETOPTIONS, child, options)
    ptrace(CONT, child)
    return child


def run_until(event):
    """Lets every traced thread go on until one stops at the event; that one stays there."""
    while True:
        pid, status = os.waitpid(-1, WALL)
        assert os.WIFSTOPPED(status), f"{pid} ended: {status}"
        if status >> 16 == event:
            return pid
        ptrace(CONT, pid)


def threaded_exec():
    threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
    time.sleep(0.5)
    os.execv("/bin/sleep", ["sleep", "4031"])


traced(TRACEEXEC, lambda: os.execv("/bin/sleep", ["sleep", "4030"]))
run_until(EXEC)
traced(TRACEEXIT, lambda: None)
run_until(EXIT)
traced(TRACEEXIT | TRACECLONE, threaded_exec)
run_until(EXIT)
print("ready", flush=True)
time.sleep(1e6)
