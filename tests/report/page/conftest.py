"""A headless Chromium that a test talks to over two pipes, in the DevTools protocol: no port, and no library."""

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest


class Browser:
    """One browser with one page in it.

    With --remote-debugging-pipe, Chromium reads messages of https://chromedevtools.github.io/devtools-protocol/ from file
    descriptor 3 and writes them to 4, each with a zero byte at its end.
    """

    def __init__(self, chromium, profile):
        from_us, self._write = os.pipe()
        self._read, to_us = os.pipe()
        # The launcher puts the pipes where Chromium looks for them, whatever their numbers are here.
        command = [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
            *(f"--user-data-dir={profile}", "--no-first-run", "--disable-background-networking", "about:blank"),
        ]
        launch = f"import os, sys; os.dup2({from_us}, 3); os.dup2({to_us}, 4); os.execv(sys.argv[1], sys.argv[1:])"
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([sys.executable, "-c", launch, *map(str, command)], pass_fds=(from_us, to_us), **quiet)
        os.close(from_us)
        os.close(to_us)
        self._number, self._buffer, self._session, self.events = 0, b"", None, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def close(self):
        self._process.terminate()
        self._process.wait(timeout=20)
        os.close(self._write)
        os.close(self._read)

    def send(self, method, **params):
        """Call a method of the protocol and return its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _next(self):
        while b"\0" not in self._buffer:
            part = os.read(self._read, 1 << 20)
            assert part, "the browser has ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def open(self, path: Path):
        """Show a file, and wait until it is loaded."""
        self.events.clear()
        self.send("Page.navigate", url=path.resolve().as_uri())
        deadline = time.monotonic() + 30
        while self.run("document.readyState + location.protocol") != "completefile:":
            assert time.monotonic() < deadline, "the page does not load"
            time.sleep(0.02)
        return self

    def run(self, code):
        """Return the value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=code, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def text(self, element):
        """Return what an element shows, by its id."""
        return self.run(f"document.getElementById({json.dumps(element)}).textContent")

    def press(self, key, times=1):
        """Press and let go of a key, as a user does."""
        code = {"ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35, "PageUp": 33, "PageDown": 34, "Tab": 9, "Enter": 13}[key]
        for _ in range(times):
            for kind in ("keyDown", "keyUp"):
                extra = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
                self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **extra)

    def look(self, *, width, dark=False, height=900):
        """Set the width of the window and the colour scheme."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.send("Emulation.setEmulatedMedia", features=features)

    def picture(self, path: Path):
        """Write the whole page as a PNG."""
        content = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(content))


@pytest.fixture(scope="module")
def browser(program, tmp_path_factory):
    """One browser for all tests of a file."""
    opened = Browser(program("chromium", "chromium"), tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()
