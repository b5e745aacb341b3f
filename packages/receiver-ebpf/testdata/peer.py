"""One end of TCP connections, told what to do by a list of steps in JSON: one process, any number of named sockets.

Prints a line of JSON when a step has something to say, and after a step "wait" waits for a line on its input. Every
step is an object with a key "do"; the others are its arguments ("quiet" says nothing):

  listen  socket, host, port (0), family ("inet" | "inet6"), v6only, fastopen, backlog, options -> {"port"}
  accept  from, socket
  connect socket, host, port, family, bind ([host, port]), options, expect_error, nonblocking, fastopen_bytes
                                                                                -> {"port"} or {"error"}
  again   socket, host, port       disconnects the socket and connects it once more -> {"port"}
  send    socket, bytes            all of them
  receive socket, bytes            exactly so many; without "bytes" to the end  -> {"received"}
  shutdown socket                  ends sending
  linger0 socket                   makes close() send a RST
  info    socket                   -> {"retransmits", "min_rtt", "rwnd_limited"} of the kernel's TCP_INFO
  acked   socket                   waits until the other end has acknowledged all
  close   socket
  fork    steps                    runs the steps in a child process, which has the same sockets -> {"pid"}
  repeat  steps, times             a "*" in the name of a socket stands for the number of the round
  wait, say (text), sleep          sleeps until the process is ended
"""

import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import termios
import time

sockets = {}


def say(**facts):
    print(json.dumps(facts), flush=True)


def new_socket(step):
    family = socket.AF_INET6 if step.get("family") == "inet6" else socket.AF_INET
    created = socket.socket(family, socket.SOCK_STREAM)
    for level, name, value in step.get("options", []):
        created.setsockopt(getattr(socket, level), getattr(socket, name), value)
    return created


def listen(step):
    listener = new_socket(step)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if step.get("family") == "inet6":
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if step.get("v6only") else 0)
    listener.bind((step["host"], step.get("port", 0)))
    if step.get("fastopen"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
    listener.listen(step.get("backlog", 1024))
    sockets[step["socket"]] = listener
    say(port=listener.getsockname()[1], pid=os.getpid())


def accept(step):
    sockets[step["socket"]], _ = sockets[step["from"]].accept()


def connect(step):
    connecting = new_socket(step)
    sockets[step["socket"]] = connecting
    if "bind" in step:
        connecting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connecting.bind(tuple(step["bind"]))
    address = (step["host"], step["port"])
    if step.get("nonblocking"):
        connecting.setblocking(False)
    try:
        if "fastopen_bytes" in step:
            connecting.sendto(b"f" * step["fastopen_bytes"], socket.MSG_FASTOPEN, address)
        else:
            connecting.connect(address)
    except OSError as error:
        if not step.get("expect_error") and not step.get("nonblocking"):
            raise
        say(error=error.strerror, port=connecting.getsockname()[1], pid=os.getpid())
        return
    if not step.get("quiet"):
        say(port=connecting.getsockname()[1], pid=os.getpid())


def again(step):
    reused = sockets[step["socket"]]
    # connect() to AF_UNSPEC, which Python does not offer, dissolves a connection.
    import ctypes

    ctypes.CDLL(None).connect(reused.fileno(), struct.pack("=H14x", socket.AF_UNSPEC), 16)
    reused.connect((step["host"], step["port"]))
    say(port=reused.getsockname()[1], pid=os.getpid())


def receive(step):
    received = 0
    while "bytes" not in step or received < step["bytes"]:
        wanted = 65536 if "bytes" not in step else min(65536, step["bytes"] - received)
        chunk = sockets[step["socket"]].recv(wanted)
        if not chunk:
            break
        received += len(chunk)
    if "bytes" in step and received != step["bytes"]:
        raise RuntimeError(f"received {received} of {step['bytes']} bytes")
    if not step.get("quiet"):
        say(received=received)


def info(step):
    data = sockets[step["socket"]].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    # struct tcp_info in include/uapi/linux/tcp.h: tcpi_total_retrans, tcpi_min_rtt, tcpi_rwnd_limited; times in us.
    (retransmits,), (min_rtt,) = struct.unpack_from("=I", data, 100), struct.unpack_from("=I", data, 148)
    say(retransmits=retransmits, min_rtt=min_rtt, rwnd_limited=struct.unpack_from("=Q", data, 176)[0])


def acked(step):
    descriptor = sockets[step["socket"]].fileno()
    while struct.unpack("=i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, b"\0\0\0\0"))[0] > 0:
        time.sleep(0.01)


def fork(step):
    if os.fork() == 0:
        say(pid=os.getpid())
        run(step["steps"])
        os._exit(0)


def repeat(step):
    for number in range(step["times"]):
        run([numbered(each, number) for each in step["steps"]])


def numbered(step, number):
    return step | {"socket": step["socket"].replace("*", str(number))} if "socket" in step else step


def wait(step):
    sys.stdin.readline()


STEPS = {
    "listen": listen,
    "accept": accept,
    "connect": connect,
    "again": again,
    "send": lambda step: sockets[step["socket"]].sendall(b"x" * step["bytes"]),
    "receive": receive,
    "shutdown": lambda step: sockets[step["socket"]].shutdown(socket.SHUT_WR),
    "linger0": lambda step: sockets[step["socket"]].setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    ),
    "info": info,
    "acked": acked,
    "close": lambda step: sockets.pop(step["socket"]).close(),
    "fork": fork,
    "repeat": repeat,
    "sleep": lambda step: signal.pause(),
    "wait": wait,
    "say": lambda step: say(text=step["text"]),
}


def run(steps):
    for step in steps:
        STEPS[step["do"]](step)


_, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
run(json.loads(sys.argv[1]))
