"""Stand-in for RStudio Server's rserver, for tests only.

What a host sees of the real one: a root daemon that authenticates by PAM, opens
no PAM session, forks, drops to the user and executes a session with R in it,
all in rstudio-server.service's cgroup. A session outlives the daemon, and a new
daemon finds it again.

POST /login {user, password}         starts the session, if there is none
POST /eval  {user, password, code}   evaluates R code in it; "detach": true does not wait
POST /quit  {user, password}         ends it
"""

import json
import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import session
from pam import authenticate


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        user = asked.get("user", "")
        if not authenticate("rstudio", user, asked.get("password", "")):
            return self.answer(403, error=f"{user} may not log in")
        try:
            if self.path == "/login":
                self.answer(200, pid=session.start(user))
            elif self.path == "/eval":
                self.answer(200, output=session.evaluate(user, asked["code"], asked.get("detach", False)))
            elif self.path == "/quit":
                session.end(user)
                self.answer(200)
            else:
                self.answer(404, error="no such page")
        except session.Failed as failed:
            self.answer(409, error=str(failed))

    def answer(self, status, **content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def tell_systemd(state):
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 8787), Handler)
    session.prepare()
    tell_systemd("READY=1")
    server.serve_forever()
