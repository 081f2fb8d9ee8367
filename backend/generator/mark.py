"""The mark on everything that is drawn here: machine-readable, in each frame and each movie, that it is synthetic.

It is an XMP packet with IPTC's digital source type, as the IPTC Photo and Video Metadata standards have it
(https://cv.iptc.org/newscodes/digitalsourcetype/), in a PNG as the iTXt chunk "XML:com.adobe.xmp" and in an MP4 as a
`uuid` box (XMP Specification Part 3, 1.1.5 and 1.1.11); and in plain words where simpler readers look.
"""

from __future__ import annotations

import io
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from addon.core.version import SOFTWARE

TRAINED: Final[str] = "trainedAlgorithmicMedia"
"""Made by a trained algorithm: a character that is nobody's picture, moved by learned motion."""
COMPOSITE: Final[str] = "compositeWithTrainedAlgorithmicMedia"
"""A picture that somebody took or painted, changed by a trained algorithm."""
VOCABULARY: Final[str] = "http://cv.iptc.org/newscodes/digitalsourcetype/"
XMP_KEYWORD: Final[str] = "XML:com.adobe.xmp"
XMP_BOX: Final[bytes] = uuid.UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
COMPRESSION: Final[int] = 4
"""zlib's level: frames are sent as they are made, and higher ones cost more time than the network would save."""
_PACKET: Final[str] = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
<xmp:CreatorTool>{software}</xmp:CreatorTool>
<Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@dataclass(frozen=True)
class Mark:
    """What is said of a picture: its IPTC source type (TRAINED or COMPOSITE) and the generator that drew it."""

    source_type: str
    generator: str

    @property
    def software(self) -> str:
        """Who made it, for the fields of that name."""
        return f"Soliloquy {SOFTWARE} ({self.generator})"

    @property
    def words(self) -> str:
        """The mark in words."""
        return f"Synthetic: {VOCABULARY}{self.source_type}"

    def packet(self) -> bytes:
        """The XMP packet."""
        said = _PACKET.format(software=escape(self.software), source_type=f"{VOCABULARY}{self.source_type}")
        return said.encode()


def marked_png(rgb: np.ndarray, alpha: np.ndarray, mark: Mark) -> bytes:
    """The bytes of a PNG: `rgb` (H,W,3) and `alpha` (H,W) uint8; without alpha where all of it is opaque."""
    picture = Image.fromarray(np.ascontiguousarray(rgb))
    if alpha.min() < 255:
        picture.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    notes = PngInfo()
    notes.add_itxt(XMP_KEYWORD, mark.packet().decode())
    notes.add_text("Software", mark.software)
    notes.add_text("Comment", mark.words)
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=notes, compress_level=COMPRESSION)
    return file.getvalue()


def mark_movie(path: Path, mark: Mark) -> None:
    """Append the mark to an MP4. A box at the end moves nothing that the file's index points at."""
    content = XMP_BOX + mark.packet()
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(content), b"uuid") + content)
