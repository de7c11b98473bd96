"""A weighing's document as a row holds it: small, since a store charges for each kilobyte.

The names of items in all languages are most of a document, and differ; nearly all the rest is the
names of fields, which a dictionary takes out (https://www.rfc-editor.org/rfc/rfc1950, FDICT).
"""

import zlib

from smartscale.domain.weighing import Weighing

_DICTIONARY = (
    b'"audited":true,"needs_count":true,"suspected_label":"","charged_offline":true,"error":"'
    b'"acts":[{"what":"void","staff":"attendant@kiosk-1","at":"2026-11-28T15:24:29.352000Z"}],'
    b'"acted_last":true,"origin":"","quality_class":"I","variety":"","best_before_days":7,'
    b'"unit_price_before":"2.49","offer_until":"2026-11-30T23:59:59Z",'
    b'"confirmations":1,"confirmed_label":"","confirmed_by":"attendant","confirmed_by":"shopper",'
    b'"confirmed_at":"2026-11-28T15:24:32.036714Z","confirmed_by_staff":"","suspicious_reason":""'
    b'"unit":"each","unit_price":"0.49","quantity":2,"pieces":{"suggested":2,"least":2,"most":3,'
    b'"at_most":4,"odd_below":1,"clear":true},"counted":true,"currency":"USD",'
    b'{"job_id":"01a222c2012","status":"done","scale_id":"kiosk-1","upload_key":"uploads/2026/11/'
    b'","created_at":"2026-11-28T15:24:29.352000Z","completed_at":"2026-11-28T15:24:32.036714Z",'
    b'"load":{"weight_kg":"0.500"},"label":"","names":{"en":"","de":"","fr":"","es":"","ru":"",'
    b'"ar":""},"confidence":"0.9987","top_k":[{"label":"","confidence":"0.0003","plu":"4011",'
    b'"names":{"en":"","de":"","fr":"","es":"","ru":"","ar":""},"unit":"kg","unit_price":"1.99",'
    b'"tare_kg":"0.000","net_kg":"0.500","total":"1.00","currency":"EUR"},{"label":"","confidence":'
    b'"0.0001","plu":"40"}],"needs_confirmation":true,"asked":true,"tare_kg":"0.000","net_kg":'
    b'"0.500","unit":"kg","unit_price":"1.99","price":"1.00","currency":"EUR","model":{"id":'
    b'"builtin","revision":""},"timings":{"queue_ms":"10.6","inference_ms":"19.4","total_ms":"83.7"'
    b'},"correlation_id":"'
)
"""Never changed: what was stored with it is read with it. What comes most often stands last."""


def packed(weighing: Weighing) -> bytes:
    """A weighing's document, compressed; what is as it is by default is left out."""
    compressing = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zdict=_DICTIONARY)
    document = weighing.model_dump_json(exclude_defaults=True).encode()
    return compressing.compress(document) + compressing.flush()


def unpacked(stored: bytes) -> Weighing:
    """The weighing; also of what was stored before there was a dictionary."""
    return Weighing.model_validate_json(zlib.decompressobj(zdict=_DICTIONARY).decompress(stored))
