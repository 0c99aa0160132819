"""Keeps the libraries below from reporting home: a viewer was promised that nothing but the seven numbers leaves.

Two of them would. onnxruntime's official builds send usage events to Microsoft (its Privacy.md; off with a variable of
its own). mediapipe sends "metrics about the performance and utilization" to Google (its README) and has no switch, so
its HTTP client, libcurl, is given a proxy of a kind that does not exist: it gives up before it asks for an address. The
hub client does not read proxy variables, so it is not touched.
"""

import os

_NO_PROXY = ("no_proxy", "NO_PROXY")
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY")


def cut_onnxruntime() -> None:
    """Call it before onnxruntime is imported."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def cut_mediapipe() -> None:
    """Call it before mediapipe is imported, and after whatever needs the user's own proxy."""
    for name in _PROXIES:
        os.environ[name] = "disabled://telemetry"
    for name in _NO_PROXY:
        os.environ.pop(name, None)
