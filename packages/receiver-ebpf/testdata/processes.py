"""Ways for processes to live and die, each a function: run by its name, with the arguments that follow. It prints what the
test has to know, one JSON object."""

import ctypes
import json
import os
import platform
import resource
import signal
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_EXIT = {"x86_64": 60, "aarch64": 93}[platform.machine()]


def say(**facts):
    print(json.dumps(facts), flush=True)


def child(action):
    """Runs `action` in a new process, waits for it, and returns its pid and its status as wait() gives it."""
    pid = os.fork()
    if pid == 0:
        action()
        os._exit(99)
    return [pid, os.waitpid(pid, 0)[1]]


def end_thread():
    """Ends the calling thread only, even if it is the first, with exit code 5."""
    LIBC.syscall(SYS_EXIT, 5)


def exit_codes():
    say(children=[child(lambda code=code: os._exit(code)) for code in range(256)])


def signals():
    def die_of(number):
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def die_at_once():
        os.kill(os.getpid(), signal.SIGKILL)

    say(
        children=[
            child(die_at_once),
            *[child(lambda number=number: die_of(number)) for number in (signal.SIGTERM, signal.SIGSEGV, 34, 40)],
        ]
    )


def core_dump(directory):
    """Memory is written down to a file in `directory`."""

    def dump():
        os.chdir(directory)
        resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
        LIBC.prctl(4, 1, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(10)

    say(children=[child(dump)])


def outlived_leader():
    """The first thread ends, with code 5, before the second, which ends the process with code 7."""

    def live_on():
        time.sleep(0.3)
        os._exit(7)

    def run():
        threading.Thread(target=live_on).start()
        end_thread()

    say(children=[child(run)])


def thread_last():
    """Every thread ends by itself, the first one first: then the process has the first one's code."""

    def live_on():
        time.sleep(0.2)
        LIBC.syscall(SYS_EXIT, 9)

    def run():
        threading.Thread(target=live_on).start()
        end_thread()

    say(children=[child(run)])


def many_threads():
    """All threads end at the same time, again and again."""

    def run():
        threads = [threading.Thread(target=time.sleep, args=(0.05,)) for _ in range(30)]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        os._exit(3)

    say(children=[child(run) for _ in range(10)])


def exec_from_thread():
    """A thread that is not the first one executes a program: its process goes on as that, under the same pid."""

    def run():
        threading.Thread(target=lambda: os.execv("/bin/sh", ["sh", "-c", "exit 4"])).start()
        time.sleep(10)

    say(children=[child(run)])


def orphan():
    """A grandchild whose parent ends before it does."""
    reader, writer = os.pipe()

    def run():
        parent = os.getpid()
        if os.fork() == 0:
            os.write(writer, json.dumps([os.getpid(), parent]).encode())
            while os.getppid() == parent:
                time.sleep(0.01)
            os.execv("/bin/sh", ["sh", "-c", "exit 6"])
        time.sleep(0.1)
        os._exit(0)

    child(run)
    pid, parent = json.loads(os.read(reader, 100))
    while os.path.exists(f"/proc/{pid}"):
        time.sleep(0.01)
    say(pid=pid, parent=parent)


def zombie():
    """A child that nobody has asked for."""
    pid = os.fork()
    if pid == 0:
        os._exit(8)
    say(pid=pid)
    sys.stdin.readline()


def spawn(count):
    """So many programs, one after the other."""
    for _ in range(int(count)):
        os.waitpid(os.posix_spawn("/bin/true", ["/bin/true"], {}), 0)
    say(pid=os.getpid())


def execute(program, *arguments):
    """Executes a program with arguments in hexadecimal, which can be any bytes."""
    say(pid=os.getpid())
    os.execv(program, [bytes.fromhex(argument) for argument in arguments])


def reuse():
    """Two processes, one after the other, with the same pid. The second executes. Tried until nobody else takes the pid."""

    def wait_and_end(reader):
        os.read(reader, 1)
        os._exit(11)

    def begin(action):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writer)
            action(reader)
        return pid, writer

    for _ in range(1000):
        first, writer = begin(wait_and_end)
        os.write(writer, b".")
        os.waitpid(first, 0)
        ended = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        with open("/proc/sys/kernel/ns_last_pid", "w") as last:
            last.write(str(first - 1))
        second, writer = begin(lambda reader: os.execv("/bin/sh", ["sh", "-c", "exit 12"]))
        os.waitpid(second, 0)
        if first == second:
            say(pid=first, betweenNs=ended)
            return


def eat(megabytes):
    """Takes so much memory, and uses it."""
    held = bytearray(int(megabytes) << 20)
    for at in range(0, len(held), 4096):
        held[at] = 1
    say(pid=os.getpid())


globals()[sys.argv[1]](*sys.argv[2:])
