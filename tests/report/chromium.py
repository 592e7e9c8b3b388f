"""Debian's Chromium, driven over its debugging protocol; installed on first use."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from websockets.sync.client import connect

if TYPE_CHECKING:
    from pathlib import Path

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_PATIENCE = 60


def chromium() -> str:
    """Path of Chromium; installs Debian's package if it is not there."""
    found = shutil.which("chromium")
    if found is None:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(command, check=True, env=environment, capture_output=True)
        found = shutil.which("chromium")
    assert found is not None, "Debian's chromium could not be installed"
    return found


class Browser:
    """One browser with one page, and whatever its console said."""

    def __init__(self, profile: Path) -> None:
        arguments = [chromium(), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port, path = self._address(profile / "DevToolsActivePort")
        self._number = 0
        self._session = ""
        self.console: list[str] = []
        self.requests: list[str] = []
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None))
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(_PATIENCE)

    def open(self, url: str, width: int, height: int, *, phone: bool) -> None:
        """Show a page on a screen of that size, and wait until it is there."""
        scale = 2 if phone else 1
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )
        self._call("Page.navigate", url=url)
        until = time.monotonic() + _PATIENCE
        ready = (
            "document.readyState == 'complete' && [...document.images].every(i => i.complete) && "
            "(!document.querySelector('figure.chart') || document.documentElement.dataset.drawn == 'yes')"
        )
        while not self.value(ready):
            assert time.monotonic() < until, "the page never became complete"
            time.sleep(0.05)

    def value(self, expression: str):
        """What an expression gives on the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def scheme(self, scheme: str) -> None:
        """Pages opened from now on are shown to somebody who has asked for `light` or `dark`."""
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, file: Path, form: str, *, whole: bool) -> None:
        """Write what the screen shows, or the whole page, as `png` or `webp`."""
        height = self.value("document.documentElement.scrollHeight" if whole else "innerHeight")
        clip = {"x": 0, "y": 0, "width": self.value("innerWidth"), "height": height, "scale": 1}
        quality = {} if form == "png" else {"quality": 60}
        answer = self._call("Page.captureScreenshot", format=form, captureBeyondViewport=whole, clip=clip, **quality)
        file.write_bytes(base64.b64decode(answer["data"]))

    def _address(self, file: Path) -> tuple[str, str]:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            lines = file.read_text().splitlines() if file.exists() else []
            if len(lines) == 2:
                return lines[0], lines[1]
            assert self._process.poll() is None, "Chromium ended"
            time.sleep(0.05)
        message = "Chromium never opened its debugging port"
        raise AssertionError(message)

    def _call(self, method: str, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(_PATIENCE))
            self._note(answer)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _note(self, event) -> None:
        parameters = event.get("params", {})
        match event.get("method"):
            case "Log.entryAdded":
                self.console.append(parameters["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self.console.append(json.dumps(parameters["args"]))
            case "Runtime.exceptionThrown":
                self.console.append(json.dumps(parameters["exceptionDetails"]))
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
