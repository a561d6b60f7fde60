#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""files_server.py CERTS DIR PORT: servers of files, one good, the rest not.

PORT      https, the right name. GET /good/NAME gives DIR/NAME; other paths
          are how a server can fail or cheat. PUT does what DIR/behave says:
          keep (DIR/put), refuse, elsewhere, break, chatter.
PORT+1    https, a certificate for another name
PORT+2    https, a certificate that nobody has signed
PORT+3    plain http
"seen: METHOD PATH" is printed for each request, and its headers.
"""
import http.server
import os
import ssl
import subprocess
import sys
import threading

CERTS, DIR, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
PIECE = bytes(65536)


class Files(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass

    def seen(self):
        print("seen:", self.command, self.path, flush=True)
        for name, value in self.headers.items():
            print("header:", name, value, flush=True)

    def answer(self, code, length=None, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def do_GET(self):
        self.seen()
        what, _, name = self.path[1:].partition("/")
        try:
            getattr(self, "get_" + what)(name)
        except OSError:  # whoever asked has gone
            pass
        self.close_connection = True

    def get_good(self, name):
        with open(os.path.join(DIR, os.path.basename(name)), "rb") as f:
            self.answer(200, os.fstat(f.fileno()).st_size)
            while piece := f.read(len(PIECE)):
                self.wfile.write(piece)

    def get_missing(self, _):
        self.answer(404, 9)
        self.wfile.write(b"not here\n")

    def get_elsewhere(self, name):
        self.answer(302, 0, Location=f"https://localhost:{PORT}/good/{name}")

    def get_endless(self, _):
        self.answer(200)
        while True:
            self.wfile.write(PIECE)

    def get_large(self, _):
        self.answer(200, 1 << 40)
        self.wfile.write(PIECE)

    def get_half(self, name):
        """As long as the file is said to be, and half of it."""
        with open(os.path.join(DIR, name), "rb") as f:
            body = f.read()
        self.answer(200, len(body))
        self.wfile.write(body[: len(body) // 2])

    def get_short(self, name):
        """The same half, and it is all."""
        with open(os.path.join(DIR, name), "rb") as f:
            body = f.read()
        self.answer(200, len(body) // 2)
        self.wfile.write(body[: len(body) // 2])

    def get_longer(self, name):
        """Good, and then one octet more."""
        with open(os.path.join(DIR, name), "rb") as f:
            body = f.read() + b"x"
        self.answer(200, len(body))
        self.wfile.write(body)

    def get_headers(self, _):
        self.send_response(200)
        while True:
            self.wfile.write(b"X-More: " + bytes(range(65, 91)) * 100 + b"\r\n")

    def get_zip(self, _):
        """Small on the way, large if anybody unpacks it."""
        import gzip
        body = gzip.compress(bytes(1 << 22))
        self.answer(200, len(body), **{"Content-Encoding": "gzip"})
        self.wfile.write(body)

    def do_PUT(self):
        self.seen()
        with open(os.path.join(DIR, "behave"), encoding="utf-8") as f:
            how = f.read().strip()
        self.close_connection = True
        try:
            getattr(self, "put_" + how)(int(self.headers["Content-Length"]))
        except OSError:
            pass

    def take(self, left, to):
        while left > 0 and (piece := self.rfile.read(min(left, 65536))):
            to.write(piece)
            left -= len(piece)

    def put_keep(self, length):
        with open(os.path.join(DIR, "put"), "wb") as f:
            self.take(length, f)
        self.answer(201, 0)

    def put_refuse(self, length):
        """Before it has seen it all."""
        self.answer(413, 0)
        with open(os.devnull, "wb") as f:
            self.take(length, f)

    def put_elsewhere(self, length):
        with open(os.devnull, "wb") as f:
            self.take(length, f)
        self.answer(307, 0, Location=f"https://localhost:{PORT}/taken")

    def put_break(self, length):
        with open(os.devnull, "wb") as f:
            self.take(length // 2, f)

    def put_chatter(self, length):
        with open(os.devnull, "wb") as f:
            self.take(length, f)
        self.answer(201)
        while True:
            self.wfile.write(PIECE)


def serve(port, cert):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Files)
    if cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert + ".crt", cert + ".key")
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()


subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
     "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
     "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
     "-keyout", f"{DIR}/self.key", "-out", f"{DIR}/self.crt"],
    check=True, stderr=subprocess.DEVNULL)
serve(PORT, f"{CERTS}/localhost")
serve(PORT + 1, f"{CERTS}/other.invalid")
serve(PORT + 2, f"{DIR}/self")
serve(PORT + 3, None)
print("serving", flush=True)
threading.Event().wait()
