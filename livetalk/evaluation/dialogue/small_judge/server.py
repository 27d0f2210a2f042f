"""Server of the small judge: chat completions of OpenAI's protocol on a port of the loopback, in a thread.

It is asked over HTTP like any other judge, so that a judging of continuous integration goes the whole way. Knows the
protocol.
"""

import json
import math
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from livetalk.evaluation.dialogue.small_judge.answers import answer, level_shares
from livetalk.evaluation.dialogue.small_judge.reading import read_question
from livetalk.evaluation.dialogue.small_judge.seeing import FaceMeter

NAME = "small-judge"
PATH = "/v1/chat/completions"


@contextmanager
def small_judge() -> Generator[str]:
    """Serves until the context is left. Gives the address, which ends in /v1."""
    meter = FaceMeter()

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != PATH:
                return self._send(404, {"error": {"message": f"there is {PATH} only"}})
            try:
                asked = cast("Mapping[str, object]", json.loads(body))
                self._send(200, completion(asked, meter))
            except ValueError as error:
                self._send(400, {"error": {"message": str(error)}})

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: whoever asks tells what happens."""

        def _send(self, status: int, content: Mapping[str, object]) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="small judge", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(asked: Mapping[str, object], meter: FaceMeter) -> Mapping[str, object]:
    """The answer to a request. Raises ValueError for one that no judge is sent."""
    pieces, value = answer(read_question(asked), meter)
    choice: dict[str, object] = {"index": 0, "finish_reason": "stop"}
    choice["message"] = {"role": "assistant", "content": "".join(pieces)}
    if asked.get("logprobs") and not math.isnan(value):
        choice["logprobs"] = {"content": [_token(piece, value if piece.isdigit() else math.nan) for piece in pieces]}
    return {"object": "chat.completion", "model": NAME, "choices": [choice]}


def _token(piece: str, value: float) -> Mapping[str, object]:
    shares = {piece: 1.0} if math.isnan(value) else level_shares(value)
    top = [{"token": word, "logprob": math.log(share)} for word, share in shares.items() if share > 0]
    return {"token": piece, "logprob": max(math.log(shares.get(piece, 0.0) or 1e-9), -99.0), "top_logprobs": top}
