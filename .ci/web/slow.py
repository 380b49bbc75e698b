"""10,000 clients that send half of a request: the server answers others meanwhile, and ends them."""

import re
import resource
import socket
import subprocess
import tempfile
import time
import urllib.request

CLIENTS = 10_000
HEAD_TIMEOUT = 10


def answer_time(address: str) -> float:
    begun = time.monotonic()
    with urllib.request.urlopen(f"{address}/v1/entities", timeout=10) as answer:
        assert answer.status == 200
    return time.monotonic() - begun


def is_closed(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert hard > CLIENTS + 100, f"the system allows {hard} open files"
    with tempfile.TemporaryDirectory() as folder:
        command = ["target/debug/atocore", "--db", f"{folder}/store.db", "web", "--listen", "127.0.0.1:0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            address = re.search(r"http://\S+", server.stdout.readline())[0]
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            host, port = address.removeprefix("http://").split(":")
            clients, worst = [], 0.0
            for number in range(CLIENTS):
                client = socket.create_connection((host, int(port)))
                client.send(b"GET /v1/entities HTTP/1.1\r\nHost: ")
                clients.append(client)
                if number % 500 == 0:
                    worst = max(worst, answer_time(address))
            time.sleep(HEAD_TIMEOUT + 2)
            worst = max(worst, answer_time(address))
            closed = sum(is_closed(client) for client in clients)
            server.terminate()
        print(f"{CLIENTS} slow clients: {closed} ended by the server; slowest other answer {worst:.3f} s")
        assert closed == CLIENTS and worst < 5


main()
