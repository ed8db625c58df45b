"""A file system that answers nothing about the content of its one file, as anyone may mount it.

unshare -Urm python3 hanging_mount.py HOW

Prints "ready" when a process depends on it, by HOW: its arguments lie in a page of the file
(argv); it waits in a read, an open or an exec of the file; it works in the directory (cwd); or it
waits in an mmap and holds its own address space locked meanwhile (locked), so that whoever reads
its arguments waits with it.
"""

import ctypes
import errno
import mmap
import os
import struct
import sys
import tempfile
import time

INIT, LOOKUP, GETATTR, OPEN, READ = 26, 1, 3, 14, 15
READDIR, INTERRUPT, FORGET, BATCH_FORGET, OPENDIR = 28, 36, 2, 42, 27
DIRECT_IO = 1
MAP_FIXED = 0x10
DIRECTORY, FILE = 1, 2
libc = ctypes.CDLL(None, use_errno=True)


def attributes(node):
    mode = 0o40755 if node == DIRECTORY else 0o100755
    return struct.pack("<QQQQQQIIIIIIIIII", node, 1 << 20, 2048, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def serve(device, how, told):
    """Answers what leads to the file, and never a read; `told` hears of the first read."""
    opened = 0
    while True:
        request = os.read(device, 1 << 17)
        _length, kind, unique, node = struct.unpack_from("<IIQQ", request)
        body, error = b"", 0
        if kind == INIT:
            _major, _minor, readahead, _flags = struct.unpack_from("<IIII", request, 40)
            body = struct.pack("<IIIIHHIIHHI", 7, 31, readahead, 0, 16, 8, 1 << 16, 1, 16, 0, 0).ljust(64, b"\0")
        elif kind == LOOKUP:
            body = struct.pack("<QQQQII", FILE, 0, 3600, 3600, 0, 0) + attributes(FILE)
        elif kind == GETATTR:
            body = struct.pack("<QII", 3600, 0, 0) + attributes(node)
        elif kind == OPEN and how != "open" or kind == OPENDIR:
            # The second time past the page cache.
            body = struct.pack("<QII", 1, DIRECT_IO if opened else 0, 0)
            opened += kind == OPEN
        elif kind == READ:
            os.write(told, b"!")
            continue
        elif kind in (OPEN, READDIR, INTERRUPT, FORGET, BATCH_FORGET):
            continue
        else:
            error = -errno.ENOSYS
        os.write(device, struct.pack("<IiQ", 16 + len(body), error, unique) + body)


def arguments_on(path):
    """Puts the page after the one where the arguments begin on the file."""
    with open("/proc/self/stat") as stat:
        begin, end = map(int, stat.read().rpartition(")")[2].split()[45:47])
    page = (begin | 4095) + 1
    assert page + 4096 <= end, "the arguments fill a page"
    file = os.open(path, os.O_RDONLY)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
    got = libc.mmap(page, 4096, mmap.PROT_READ, mmap.MAP_PRIVATE | MAP_FIXED, file, 0)
    assert got == page, "mapped"


def locked(path, heard):
    """Waits for a page that is being read, within mmap(2): the kernel drops the cache of a file
    that is opened past it, and holds this process's address space while it does."""
    cached, direct = os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY)
    if os.fork() == 0:
        os.pread(cached, 4096, 0)
    os.read(heard, 1)
    tell()
    mmap.mmap(direct, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ)


def victim(how, directory, heard):
    path = f"{directory}/file"
    if how == "argv":
        arguments_on(path)
    elif how == "cwd":
        os.chdir(directory)
    elif how == "locked":
        locked(path, heard)
    tell()
    # None of these returns.
    if how == "read":
        os.pread(os.open(path, os.O_RDONLY), 4096, 0)
    elif how == "open":
        os.open(path, os.O_RDONLY)
    elif how == "exec":
        os.execv(path, [path])
    time.sleep(1e6)


def tell():
    print("ready", flush=True)


def main(how):
    if len(sys.argv) > 2:
        return victim(how, sys.argv[2], int(sys.argv[3]))
    directory = tempfile.mkdtemp()
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"hanging", directory.encode(), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    heard, told = os.pipe()
    if os.fork() == 0:
        os.set_inheritable(heard, True)
        # Arguments that fill pages, for the one who puts them on the mount.
        os.execv(sys.executable, ["python3", __file__, how, directory, str(heard), "-" * 12000])
    return serve(device, how, told)


main(sys.argv[1])
