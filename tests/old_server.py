"""A database server that is too old for Athena."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading


def message(kind: bytes, content: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(content) + 4) + content


class OldServer:
    """Speaks just enough of PostgreSQL's protocol to say that it is version 13."""

    READY = message(b"Z", b"I")
    COLUMN = b"\0\1" + b"server_version_num\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
    ANSWERS: tuple[tuple[bytes, bytes], ...] = (
        (b"P", message(b"1")),
        (b"D", message(b"t", b"\0\0") + message(b"T", COLUMN)),
        (b"B", message(b"2")),
        (b"E", message(b"D", b"\0\1" + struct.pack("!i", 6) + b"130014") + message(b"C", b"SHOW\0")),
        (b"S", READY),
        (b"Q", message(b"C", b"SET\0") + READY),
    )

    def __init__(self, password: str) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgresql://someone:{password}@127.0.0.1:{self.socket.getsockname()[1]}/athena"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                with connection, contextlib.suppress(OSError, struct.error):
                    self.talk(connection)

    def talk(self, connection: socket.socket) -> None:
        (length,) = struct.unpack("!i", connection.recv(4, socket.MSG_WAITALL))
        if length == 8:
            connection.recv(4, socket.MSG_WAITALL)
            connection.sendall(b"N")
            (length,) = struct.unpack("!i", connection.recv(4, socket.MSG_WAITALL))
        connection.recv(length - 4, socket.MSG_WAITALL)
        settings = {b"server_version": b"13.14", b"client_encoding": b"UTF8", b"integer_datetimes": b"on"}
        told = b"".join(message(b"S", key + b"\0" + value + b"\0") for key, value in settings.items())
        connection.sendall(message(b"R", bytes(4)) + told + message(b"K", bytes(8)) + self.READY)
        answers = dict(self.ANSWERS)
        while (kind := connection.recv(1)) not in {b"X", b""}:
            (length,) = struct.unpack("!i", connection.recv(4, socket.MSG_WAITALL))
            connection.recv(length - 4, socket.MSG_WAITALL)
            connection.sendall(answers.get(kind, b""))

    def close(self) -> None:
        self.socket.close()
