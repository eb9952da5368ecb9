"""A server on this machine that sends whatever it likes, as slowly and as long as it likes."""
import itertools
import socket
import threading


class Liar:
    """Answers each request with what a script yields: bytes are sent, a number is a pause in seconds.

    Parameters
    ----------
    script : callable
        ``script(number, request)``, with how many requests came before and the bytes of this one; the connection is
        closed where what it yields ends.
    tls : ssl.SSLContext, optional
        For https.
    """

    def __init__(self, script, tls=None):
        self.script, self.tls, self.asked, self._over = script, tls, [], threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._listener.getsockname()[1]}/cifar-10-binary.tar.gz"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._over.set()
        socket.create_connection(self._listener.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self):
        for number in itertools.count():
            connection, _ = self._listener.accept()
            if self._over.is_set():
                connection.close()
                return
            self._threads.append(threading.Thread(target=self._answer, args=(connection, number)))
            self._threads[-1].start()

    def _answer(self, connection, number):
        connection.settimeout(5)
        with connection:
            try:
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                request = connection.recv(65536)
                self.asked.append(request)
                for piece in self.script(number, request):
                    if self._over.is_set():
                        return
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    else:
                        self._over.wait(piece)
            except OSError:  # the other side has had enough
                pass
            finally:
                connection.close()
