"""What the server sends leaves it at once."""

import socket

from streamlit.web.server.starlette import starlette_server

from ui.sending import BIND, at_once


def test_the_connections_of_streamlits_socket_send_at_once():
    listening = at_once(getattr(starlette_server, BIND))("127.0.0.1", 0, 5)
    with listening, socket.create_connection(listening.getsockname()) as visitor:
        listening.setblocking(True)
        answering, _ = listening.accept()
        with answering:
            assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            answering.sendall(b"here")
            assert visitor.recv(4) == b"here"
