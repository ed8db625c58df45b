"""One rsession a user: the real R, started as rserver starts a session.

R reads from a FIFO that it holds open itself and writes to a file, both in
/run/rstudio-server-standin, so that it needs no living rserver.
"""

import json
import os
import pwd
import signal
import subprocess
import time

RUN = "/run/rstudio-server-standin"
PATIENCE = 300  # seconds: the CPU is emulated
EVALUATE = (
    ".standin <- function(code, mark) { tryCatch({"
    " r <- withVisible(eval(parse(text = code), globalenv())); if (r$visible) print(r$value) },"
    ' error = function(e) cat("Error: ", conditionMessage(e), "\\n", sep = ""));'
    ' cat("\\n", mark, "\\n", sep = "") }\n'
)
children = []


class Failed(Exception):
    pass


def prepare():
    os.makedirs(RUN, mode=0o711, exist_ok=True)


def start(user):
    running = pid_of(user)
    if running:
        return running
    who = pwd.getpwnam(user)
    home, executable = chosen_r()
    fifo, out = f"{RUN}/{user}.in", f"{RUN}/{user}.out"
    for path in (fifo, out):
        if os.path.lexists(path):
            os.unlink(path)
    os.mkfifo(fifo, 0o600)
    stdin = os.open(fifo, os.O_RDWR)
    stdout = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    # subprocess forks, then setgroups, setgid, setuid, then execve: the order of the real one.
    child = subprocess.Popen(
        ["/usr/lib/rstudio-server/bin/rsession", "-u", user, "--no-echo", "--no-save", "--no-restore"],
        executable=executable,
        user=who.pw_uid,
        group=who.pw_gid,
        extra_groups=os.getgrouplist(user, who.pw_gid),
        cwd=who.pw_dir if os.path.isdir(who.pw_dir) else "/",
        env=environment(who, home),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        umask=0o022,
    )
    os.write(stdin, EVALUATE.encode())
    os.close(stdin)
    os.close(stdout)
    children.append(child)
    with open(f"{RUN}/{user}.pid", "w") as file:
        file.write(str(child.pid))
    return child.pid


def evaluate(user, code, detach):
    if not pid_of(user):
        raise Failed(f"{user} has no session")
    mark = f"@@{os.urandom(8).hex()}@@"
    out = f"{RUN}/{user}.out"
    begin = os.path.getsize(out)
    with open(f"{RUN}/{user}.in", "w") as fifo:
        fifo.write(f".standin({json.dumps(code, ensure_ascii=False)}, '{mark}')\n")
    end = time.monotonic() + PATIENCE
    while not detach:
        with open(out, errors="replace") as file:
            file.seek(begin)
            said = file.read()
        if mark in said:
            return said.split(mark)[0].rstrip("\n")
        if not pid_of(user):
            raise Failed(f"the session ended: {said}")
        if time.monotonic() > end:
            raise Failed(f"no answer in {PATIENCE} s: {said}")
        time.sleep(0.05)
    return ""


def end(user):
    pid = pid_of(user)
    if pid:
        os.kill(pid, signal.SIGTERM)
    while pid_of(user):
        time.sleep(0.05)


def pid_of(user):
    """The living session of this user, also one that an earlier rserver started."""
    children[:] = [child for child in children if child.poll() is None]
    try:
        with open(f"{RUN}/{user}.pid") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/stat") as file:
            comm, state = file.read().rsplit(")", 1)
        return pid if comm.endswith("(rsession") and not state.split()[0] == "Z" else None
    except (OSError, ValueError):
        return None


def chosen_r():
    """R's home, and its program under the name rsession, as /etc/rstudio/rserver.conf says."""
    front = "/usr/bin/R"
    with open("/etc/rstudio/rserver.conf") as file:
        for line in file:
            key, _, value = line.partition("=")
            if key.strip() == "rsession-which-r":
                front = value.strip()
    home = subprocess.run([front, "RHOME"], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    home = home.stdout.strip()
    # A process is called after the file that was executed, and the real one's is rsession.
    link = f"{RUN}/{home.strip('/').replace('/', '-')}/rsession"
    if not os.path.lexists(link):
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(f"{home}/bin/exec/R", link)
    return home, link


def environment(who, home):
    share = "/usr/share/R" if home == "/usr/lib/R" else home
    return {
        "HOME": who.pw_dir, "USER": who.pw_name, "LOGNAME": who.pw_name, "SHELL": who.pw_shell,
        "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "RSTUDIO": "1",
        "R_HOME": home, "R_SHARE_DIR": f"{share}/share", "R_INCLUDE_DIR": f"{share}/include",
        "R_DOC_DIR": f"{share}/doc", "LD_LIBRARY_PATH": f"{home}/lib",
    }
