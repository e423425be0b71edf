"""IPTC's digital source type in XMP: the one mark that every painted picture carries, also a private one.

https://cv.iptc.org/newscodes/digitalsourcetype/ and the IPTC Photo Metadata Standard 2022.1.
"""

from typing import Literal

SourceType = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def xmp_packet(source_type: SourceType) -> bytes:
    """An XMP packet (UTF-8) that says how the picture came to be, and nothing else."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '  <rdf:Description rdf:about=""\n'
        '    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">\n'
        f"   <Iptc4xmpExt:DigitalSourceType>{VOCABULARY}{source_type}</Iptc4xmpExt:DigitalSourceType>\n"
        "  </rdf:Description>\n"
        " </rdf:RDF>\n"
        "</x:xmpmeta>\n"
        '<?xpacket end="w"?>'
    ).encode()
