"""UDP sockets, told what to do by a list of steps in JSON: one process, any number of named sockets.

Prints a line of JSON when a step has something to say, and after a step "wait" waits for a line on its input. Every
step is an object with a key "do"; the others are its arguments:

  open    socket, family ("inet" | "inet6"), bind ([host, port]), connect ([host, port]), v6only, options
                                                                    -> {"port", "pid"}
  connect socket, to ([host, port])                                 connects it, or anew
  send    socket, sizes (a list of bytes), to ([host, port]), segment (UDP_SEGMENT for this call), more (MSG_MORE for
          all but the last), expect_error                           -> {"error"} with expect_error
  sendmmsg socket, sizes                                            all by one call, on a connected socket
  receive socket, datagrams, buffer (65535), peek                   -> {"received": bytes read, "calls"}
  recvmmsg socket, datagrams                                        by one call, when they are there -> {"received", "calls"}
  drain   socket                                                    all that waits -> {"received", "calls"}
  burst   sockets, to ([host, port]), bytes [hold]                  one datagram from each of so many sockets, one after the other's answer;
                                                                    hold: all are open until the last has its answer, so that each has
                                                                    a port of its own
  answer  socket, datagrams, bytes                                  answers so many, whoever sends
  behind_headers to ([host, port]), headers, bytes                  a datagram behind so many IPv6 extension headers
  queued  socket, bytes                                             waits until so many wait to be read (in the first)
  close   socket
  wait, say (text)
"""

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
import termios
import time

UDP_SEGMENT = 103
UDP_GRO = 104
MSG_WAITFORONE = 0x10000

libc = ctypes.CDLL(None, use_errno=True)
sockets = {}


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("iov", ctypes.POINTER(Iovec)),
        ("iov_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class Mmsghdr(ctypes.Structure):
    _fields_ = [("header", Msghdr), ("length", ctypes.c_uint)]


def say(**facts):
    print(json.dumps(facts), flush=True)


def open_socket(step):
    family = socket.AF_INET6 if step.get("family") == "inet6" else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if step.get("v6only") else 0)
    for level, name, value in step.get("options", []):
        opened.setsockopt(level, name, value)
    if "bind" in step:
        opened.bind(tuple(step["bind"]))
    if "connect" in step:
        opened.connect(tuple(step["connect"]))
    sockets[step["socket"]] = opened
    say(port=opened.getsockname()[1], pid=os.getpid())


def send(step):
    sending = sockets[step["socket"]]
    to = [tuple(step["to"])] if "to" in step else []
    for index, size in enumerate(step["sizes"]):
        flags = socket.MSG_MORE if step.get("more") and index < len(step["sizes"]) - 1 else 0
        control = []
        if "segment" in step:
            control = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", step["segment"]))]
        try:
            sending.sendmsg([b"x" * size], control, flags, *to)
        except OSError as error:
            if not step.get("expect_error"):
                raise
            say(error=error.strerror)


def messages(count, size):
    buffers = [ctypes.create_string_buffer(size) for _ in range(count)]
    vectors = (Iovec * count)()
    headers = (Mmsghdr * count)()
    for index, buffer in enumerate(buffers):
        vectors[index] = Iovec(ctypes.addressof(buffer), size)
        headers[index].header.iov = ctypes.pointer(vectors[index])
        headers[index].header.iov_length = 1
    return headers, vectors, buffers


def sendmmsg(step):
    sizes = step["sizes"]
    headers, vectors, _buffers = messages(len(sizes), max(sizes) + 1)
    for index, size in enumerate(sizes):
        headers[index].header.iov[0].length = size
    sent = libc.sendmmsg(sockets[step["socket"]].fileno(), headers, len(sizes), 0)
    if sent != len(sizes):
        raise RuntimeError(f"sent {sent} of {len(sizes)} messages")


def receive(step):
    flags = socket.MSG_PEEK if step.get("peek") else 0
    received = 0
    for _ in range(step["datagrams"]):
        received += len(sockets[step["socket"]].recv(step.get("buffer", 65535), flags))
    say(received=received, calls=step["datagrams"])


def recvmmsg(step):
    count = step["datagrams"]
    headers, _vectors, _buffers = messages(count, 65535)
    calls = libc.recvmmsg(sockets[step["socket"]].fileno(), headers, count, 0, None)
    say(received=sum(headers[index].length for index in range(calls)), calls=calls)


def drain(step):
    received, calls = 0, 0
    try:
        while True:
            received += len(sockets[step["socket"]].recv(65535, socket.MSG_DONTWAIT))
            calls += 1
    except BlockingIOError:
        say(received=received, calls=calls)


def burst(step):
    held = []
    for _ in range(step["sockets"]):
        sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sending.sendto(b"b" * step["bytes"], tuple(step["to"]))
        sending.recv(65535)
        if step.get("hold"):
            held.append(sending)
        else:
            sending.close()
    for sending in held:
        sending.close()


def answer(step):
    for _ in range(step["datagrams"]):
        _, sender = sockets[step["socket"]].recvfrom(65535)
        sockets[step["socket"]].sendto(b"y" * step["bytes"], sender)


def behind_headers(step):
    host, port = step["to"]
    address = socket.inet_pton(socket.AF_INET6, host)
    length = 8 + step["bytes"]

    def datagram(checksum):
        return struct.pack("!HHHH", 40000, port, length, checksum) + b"h" * step["bytes"]

    # RFC 8200, section 8.1.
    summed = address * 2 + struct.pack("!II", length, socket.IPPROTO_UDP) + datagram(0) + b"\0" * (length % 2)
    total = sum(struct.unpack(f"!{len(summed) // 2}H", summed))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    # Destination options of nothing but padding (PadN with four bytes).
    following = [socket.IPPROTO_DSTOPTS] * (step["headers"] - 1) + [socket.IPPROTO_UDP]
    headers = b"".join(struct.pack("!BBBB4x", header, 0, 1, 4) for header in following)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_DSTOPTS) as raw:
        raw.sendto(headers + datagram(~total & 0xFFFF), (host, 0))


def queued(step):
    descriptor = sockets[step["socket"]].fileno()
    while struct.unpack("=i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"))[0] < step["bytes"]:
        time.sleep(0.01)


STEPS = {
    "open": open_socket,
    "connect": lambda step: sockets[step["socket"]].connect(tuple(step["to"])),
    "send": send,
    "sendmmsg": sendmmsg,
    "receive": receive,
    "recvmmsg": recvmmsg,
    "drain": drain,
    "burst": burst,
    "answer": answer,
    "behind_headers": behind_headers,
    "queued": queued,
    "close": lambda step: sockets.pop(step["socket"]).close(),
    "wait": lambda step: sys.stdin.readline(),
    "say": lambda step: say(text=step["text"]),
}


for each in json.loads(sys.argv[1]):
    STEPS[each["do"]](each)
