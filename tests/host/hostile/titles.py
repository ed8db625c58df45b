"""Processes whose names and arguments are made for the terminal of whoever looks at them.

Prints "ready" when they are all there.
"""

import ctypes
import os
import shutil
import sys
import tempfile
import time

PR_SET_NAME = 15
libc = ctypes.CDLL(None)
EVIL = b"\x1b]0;owned\x07\x1b[2J\x1b[31;5m\x1b[?1000h\r\n\x08\x9b31m\xc2\x9b31m\xe2\x80\xaelive\xe2\x81\xa6\xef\xbb\xbf"


def start(program, arguments, **more):
    if os.fork() == 0:
        if "stdin" in more:
            os.dup2(more["stdin"], 0)
        # Python's own refuses an empty name.
        libc.execv(program, (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None))
        os._exit(1)


def renamed():
    if os.fork() == 0:
        libc.prctl(PR_SET_NAME, b"\x1b[31;5m\x07\xe2\x80\xaerlo", 0, 0, 0)
        time.sleep(1e6)


start(b"/bin/sleep", [b"first " + EVIL, b"4020"])
# No arguments at all, so that the file's name is shown.
silent, _kept_open = os.pipe()
name = os.fsencode(tempfile.mkdtemp()) + b"/\x1b]0;c\x07\x1b[2J\xe2\x80\xaed"
shutil.copy("/bin/cat", name)
start(name, [b""], stdin=silent)
# Much more than anybody reads: 100 kB.
start(os.fsencode(sys.executable), [b"third", b"-c", b"import time; time.sleep(1e6)", EVIL * (100_000 // len(EVIL))])
renamed()
print("ready", flush=True)
time.sleep(1e6)
