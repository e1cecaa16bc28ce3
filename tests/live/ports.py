"""Ports for servers that are told theirs. None of those that the kernel gives to clients (32768 on): between the look
and the server's own bind() a connection of another case would take it.
"""
import random
import socket


def is_free(port):
    try:
        for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
            with socket.socket(socket.AF_INET, kind) as s:
                s.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def free_ports(n, run=1):
    """The first of each `run` free ports in a row."""
    found = []
    for port in random.sample(range(20000, 32000), 12000):
        if len(found) == n:
            break
        if all(map(is_free, range(port, port + run))):
            found.append(port)
    return found


def free_port():
    return free_ports(1)[0]
