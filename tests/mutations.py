"""Files as they come after an accident, or from somebody who means harm."""

from hypothesis import strategies as st


@st.composite
def mutations(draw: st.DrawFn, original: bytes) -> bytes:
    """``original`` with bytes changed (early ones more often: there the headers are), cut out, put in twice, or cut off."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 6))):
        limit = draw(st.sampled_from([min(64, len(data)), min(400, len(data)), len(data)]))
        at = draw(st.integers(0, max(0, limit - 1)))
        length = draw(st.integers(1, 16))
        kind = draw(st.sampled_from(["overwrite", "overwrite", "extreme", "remove", "repeat", "insert", "cut"]))
        if kind == "overwrite":
            data[at : at + length] = draw(st.binary(min_size=1, max_size=length))
        elif kind == "extreme":
            data[at : at + 4] = draw(st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"]))
        elif kind == "remove":
            del data[at : at + length]
        elif kind == "repeat":
            data[at:at] = data[at : at + 256]
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=64))
        else:
            del data[at:]
    return bytes(data)
