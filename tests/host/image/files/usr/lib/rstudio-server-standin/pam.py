"""pam_authenticate and pam_acct_mgmt through libpam, and nothing after them."""

import ctypes

libpam = ctypes.CDLL("libpam.so.0")
libc = ctypes.CDLL(None)
libc.calloc.restype = ctypes.c_void_p
libc.strdup.restype = ctypes.c_void_p
PROMPT_ECHO_OFF = 1


class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


Conversation = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
    ctypes.POINTER(ctypes.POINTER(Response)), ctypes.c_void_p,
)


class Converse(ctypes.Structure):
    _fields_ = [("function", Conversation), ("data", ctypes.c_void_p)]


def authenticate(service, user, password):
    """True if PAM knows this password and lets the account in."""

    @Conversation
    def answer(count, messages, responses, _):
        # libpam frees what it is given, so it comes from C's own heap.
        given = ctypes.cast(libc.calloc(count, ctypes.sizeof(Response)), ctypes.POINTER(Response))
        for i in range(count):
            if messages[i].contents.style == PROMPT_ECHO_OFF:
                given[i].text = libc.strdup(password.encode())
        responses[0] = given
        return 0

    handle = ctypes.c_void_p()
    converse = Converse(answer, None)
    if libpam.pam_start(service.encode(), user.encode(), ctypes.byref(converse), ctypes.byref(handle)) != 0:
        return False
    status = libpam.pam_authenticate(handle, 0) or libpam.pam_acct_mgmt(handle, 0)
    libpam.pam_end(handle, status)
    return status == 0
