"""Ports for servers that are told theirs. None of those that the kernel gives to clients (32768 on): between the look
and the server's own bind() a connection of another case would take it. And none that a program beside this one was given:
each is held by a name, for as long as the program runs that it was given to.
"""
import random
import socket

HELD = []


def is_free(port):
    try:
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            with socket.socket(socket.AF_INET, kind) as s:
                s.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def is_ours(port):
    """From now on, unless somebody has it."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0myna-test-port-{port}")
    except OSError:
        name.close()
        return False
    if not is_free(port):
        name.close()
        return False
    HELD.append(name)
    return True


def free_ports(n, run=1):
    """The first of each `run` free ports in a row."""
    found = []
    for port in random.sample(range(20000, 32000), 12000):
        if len(found) == n:
            break
        if all(map(is_ours, range(port, port + run))):
            found.append(port)
    return found


def free_port():
    return free_ports(1)[0]
