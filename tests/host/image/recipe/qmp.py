"""Tells a running qemu one thing: qmp.py SOCKET quit, or qmp.py SOCKET "savevm ready"."""

import json
import socket
import sys


def main() -> int:
    path, command = sys.argv[1], sys.argv[2]
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        stream = sock.makefile("rw")
        json.loads(stream.readline())  # the greeting
        ask(stream, "qmp_capabilities")
        if command == "quit":
            ask(stream, "quit")
            return 0
        # savevm exists on every qemu as a command for people: it answers in words, or not at all.
        said = ask(stream, "human-monitor-command", {"command-line": command})
        print(said, end="")
        return 1 if "rror" in said else 0


def ask(stream, execute, arguments=None):
    stream.write(json.dumps({"execute": execute, "arguments": arguments or {}}) + "\n")
    stream.flush()
    while True:
        answer = json.loads(stream.readline())
        if "error" in answer:
            raise SystemExit(answer["error"]["desc"])
        if "return" in answer:
            return answer["return"]


sys.exit(main())
