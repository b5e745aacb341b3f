"""A socket that outlives its process, whose pid another process in a cgroup gets: reuse_pid.py PORT CGROUP_DIRECTORY

Connects to PORT of 127.0.0.1 in a process that leaves the socket to a child and ends; then starts another with the same pid
(clone3 with set_tid) in the cgroup. Prints {"pid", "port"}, waits for a line, and closes the socket.
"""

import ctypes
import json
import os
import signal
import socket
import struct
import sys
import time

CLONE3 = 435  # the same on x86-64 and arm64
port, cgroup = int(sys.argv[1]), sys.argv[2]


def connect_and_leave(tell, heir_waits):
    connection = socket.create_connection(("127.0.0.1", port))
    os.write(tell, struct.pack("=I", connection.getsockname()[1]))
    if os.fork() == 0:
        os.read(heir_waits, 1)
        connection.close()
    os._exit(0)


def clone_as(pid):
    """struct clone_args of include/uapi/linux/sched.h."""
    wanted = ctypes.c_int(pid)
    fields = [0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(wanted), 1, 0]
    arguments = (ctypes.c_uint64 * len(fields))(*fields)
    libc = ctypes.CDLL(None, use_errno=True)
    cloned = libc.syscall(CLONE3, arguments, ctypes.sizeof(arguments))
    if cloned < 0:
        raise OSError(ctypes.get_errno(), "clone3")
    return cloned


told, tell = os.pipe()
heir_waits, end_heir = os.pipe()
first = os.fork()
if first == 0:
    os.close(end_heir)
    connect_and_leave(tell, heir_waits)
os.waitpid(first, 0)
(client_port,) = struct.unpack("=I", os.read(told, 4))
# A pid comes again after thousands of others: not within the hundredth of a second in which processes' starts are counted.
time.sleep(0.05)
if clone_as(first) == 0:
    os.close(end_heir)
    with open(f"{cgroup}/cgroup.procs", "w") as procs:
        procs.write("0")
    os.write(tell, b"moved")
    signal.pause()
os.read(told, 5)
print(json.dumps({"pid": first, "port": client_port}), flush=True)
sys.stdin.readline()
os.close(end_heir)
# The process with the used pid stays until the other end has seen the end.
sys.stdin.readline()
os.kill(first, signal.SIGKILL)
os.waitpid(first, 0)
