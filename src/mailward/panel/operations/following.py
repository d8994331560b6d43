"""From a wish to the page where its run is followed, and from there back to where the wish was made."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from mailward.actions.office import Asked


def run_address(asked: Asked, back: str = "") -> str:
    """``/runs/7/?back=/domains/alpha.test/``."""
    address = reverse("run", args=[asked.run_id])
    return f"{address}?{urlencode({'back': back})}" if back else address


def way_back(request: HttpRequest) -> str:
    """A path of this panel that the address names, or "": never another host."""
    back = request.GET.get("back", "")
    fitting = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None) and len(back) < 500
    return back if fitting else ""
