"""Makes packets that the kernel will drop, or a socket that has no room for them. Its argument is a step in JSON:

  send    protocol ("udp" | "tcp"), to, port, count; to so many "ports" (1), one after the other; with "from" or "ttl" or protocol tcp as raw packets: from any
          address, with any time to live; TCP segments are SYNs with a checksum that is wrong
  hold    host: a UDP socket with the least room there is, that nobody reads -> {"port"}; until a line on the input
  listen  host, backlog: a TCP socket that nobody accepts from     -> {"port"}; until a line on the input
  connect host, port, count: connections that are kept, without waiting -> {"ports"}; until a line on the input
"""

import json
import socket
import struct
import sys


def say(**facts):
    print(json.dumps(facts), flush=True)


def raw_packet(step):
    is_tcp = step["protocol"] == "tcp"
    source = socket.inet_aton(step["from"])
    if is_tcp:
        payload = struct.pack("!HHIIBBHHH", 4000, step["port"], 1, 0, 5 << 4, 2, 1000, 0xBAD, 0)
    else:
        # A checksum of 0 says that there is none.
        payload = struct.pack("!HHHH", 4000, step["port"], 9, 0) + b"x"
    # The kernel fills in length, id and checksum.
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, step.get("ttl", 64), 6 if is_tcp else 17, 0, source, socket.inet_aton(step["to"])
    )
    return header + payload


def send(step):
    if "from" in step:
        sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        packet, target = raw_packet(step), (step["to"], 0)
    else:
        family = socket.AF_INET6 if ":" in step["to"] else socket.AF_INET
        sender = socket.socket(family, socket.SOCK_DGRAM)
        packet, target = b"x", (step["to"], step["port"])
    for index in range(step["count"]):
        while True:
            try:
                sender.sendto(packet, (target[0], target[1] + index % step.get("ports", 1)))
                break
            except ConnectionRefusedError:
                pass
            except (PermissionError, OSError) as error:
                # What a drop on the way out tells the sender; the packet was sent and dropped.
                if error.errno not in (1, 105):
                    raise
                break
    say(sent=step["count"])


def hold(step):
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    holder.bind((step["host"], 0))
    say(port=holder.getsockname()[1])
    sys.stdin.readline()


def listen(step):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((step["host"], 0))
    listener.listen(step["backlog"])
    say(port=listener.getsockname()[1])
    sys.stdin.readline()


def connect(step):
    connections = []
    for _ in range(step["count"]):
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        connection.connect_ex((step["host"], step["port"]))
        connections.append(connection)
    say(ports=[connection.getsockname()[1] for connection in connections])
    sys.stdin.readline()


step = json.loads(sys.argv[1])
globals()[step["do"]](step)
