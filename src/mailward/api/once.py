"""A creation that is asked twice is done once (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction of the creation itself, for a day. A secret that was shown is not kept: a replay says
so. The request is kept as an HMAC, since it can hold a password.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.crypto import salted_hmac

from mailward.api.problems import Refusal
from mailward.model.sentence import Sentence
from mailward.store.models import KeptAnswer

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
ABANDONED_AFTER = timedelta(minutes=2)
"""A request that is being done is ended by the server long before; its transaction left nothing behind."""


def once(
    request: HttpRequest, account: int | None, who: str, now: datetime, do: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """The answer of ``do``, or the one that this key got before from the same token or session (``who``).

    Raises Refusal (400, 409, 422).
    """
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST" or account is None:
        return do()
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        said = Sentence("an idempotency key has 1 to 255 printable ASCII characters")
        raise Refusal(400, "idempotency-key", said, field=HEADER)
    claimed = _claim(account, key, _digest(request, who), now)
    if claimed.status is not None:
        return _replay(claimed)
    with transaction.atomic():
        response = do()
        if response.status_code < 300 and isinstance(response, HttpResponse):
            claimed.status, claimed.body = response.status_code, _kept(response)
            claimed.save(update_fields=["status", "body"])
            return response
    claimed.delete()  # nothing was done: asked again, it is tried again
    return response


def _digest(request: HttpRequest, who: str) -> str:
    """``who`` is a part of it: a token gets no answer that another was given, which might allow more."""
    asked = b"\0".join([who.encode(), (request.method or "").encode(), request.get_full_path().encode(), request.body])
    return salted_hmac("mailward.api.once", asked, algorithm="sha256").hexdigest()


@transaction.atomic
def _claim(account: int, key: str, digest: str, now: datetime) -> KeptAnswer:
    """This key's row: a new one without a status, or the one that has the answer."""
    KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    KeptAnswer.objects.filter(account_id=account, key=key, status=None, created_at__lt=now - ABANDONED_AFTER).delete()
    row, made = KeptAnswer.objects.get_or_create(
        account_id=account, key=key, defaults={"request_sha256": digest, "created_at": now}
    )
    if made:
        return row
    if row.request_sha256 != digest:
        said = Sentence("this idempotency key was used for another request")
        raise Refusal(422, "idempotency-key-reused", said, Sentence("Use a new key for a new request."), field=HEADER)
    if row.status is None:
        said = Sentence("the first request with this idempotency key is still being done")
        raise Refusal(409, "in-progress", said, Sentence("Ask again in a moment."), headers={"Retry-After": "1"})
    return row


def _kept(response: HttpResponse) -> bytes:
    """Address and body of an answer, without its secret."""
    body = json.loads(response.content) if response.content else None
    if isinstance(body, dict) and body.get("secret") is not None:
        body = {**body, "secret": None, "secret_withheld": True}
    return json.dumps({"location": response.headers.get("Location"), "body": body}).encode()


def _replay(row: KeptAnswer) -> HttpResponse:
    kept = json.loads(bytes(row.body))
    text = "" if kept["body"] is None else json.dumps(kept["body"], ensure_ascii=False)
    response = HttpResponse(text.encode(), status=row.status, content_type="application/json; charset=utf-8")
    if kept["location"]:
        response.headers["Location"] = kept["location"]
    response.headers["Idempotency-Replayed"] = "true"
    return response
