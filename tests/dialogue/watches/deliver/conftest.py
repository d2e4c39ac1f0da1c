import socket

import pytest


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as port:
        return port.getsockname()[1]
