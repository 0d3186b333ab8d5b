"""Shows a new access key once, with a QR code that holds everything a phone needs to connect."""

import io
import ipaddress
import socket
import sys
from urllib.parse import quote


def pairing_url(key: str, host: str, port: int) -> str:
    """What the QR code holds: ``vigia://HOST:PORT?key=KEY``; for "all addresses" the one that others on the network see."""
    shown = _outward_address() if _is_unspecified(host) else host
    return f"vigia://{f'[{shown}]' if ':' in shown else shown}:{port}?key={quote(key)}"


def print_access_key(key: str, host: str, port: int) -> None:
    """Show a new key on standard error; it is in no log and cannot be shown again."""
    import segno

    url = pairing_url(key, host, port)
    drawing = io.StringIO()
    segno.make(url, error="l", micro=False).terminal(drawing, compact=True, border=2)
    sys.stderr.write(
        f"Access key (shown only now): {key}\nSend it as 'Authorization: Bearer KEY', or scan {url}\n{drawing.getvalue()}\n"
    )


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _outward_address() -> str:
    """The address of the interface that leads out; nothing is sent (connecting a datagram socket only picks a route)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: reserved for documentation
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
