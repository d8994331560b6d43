"""What is no name and no address is refused with its own code; what is one has a single form."""

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailward.model.errors import BadInput
from mailward.standards import hostname, mail_address
from mailward.standards.hostname import display_name, parse_domain, parse_host_name
from mailward.standards.mail_address import MailAddress, parse_address


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("mail.example.com", "mail.example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("例え。jp", "xn--r8jz45g.jp"),
        ("1and1.example", "1and1.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        ("alpha.localhost", "alpha.localhost"),
    ],
)
def test_one_form(text, name):
    """Every way to write a name gives the one form that is kept, and keeping it changes nothing more."""
    assert parse_domain(text) == name
    assert parse_domain(name) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "name-empty"),
        ("  ", "name-empty"),
        ("a b.example", "name-characters"),
        ("a.example\n", "name-characters"),
        ("a\x00.example", "name-characters"),
        ("a\u200b b.example", "name-characters"),
        ("a\u202e.example", "name-characters"),
        ("exa;mple.com", "name-characters"),
        ("a/b.example", "name-characters"),
        ("$(id).example", "name-characters"),
        ("a@b.example", "name-characters"),
        ("192.0.2.1", "name-address"),
        ("192.0.2.1.", "name-address"),
        ("2001:db8::1", "name-address"),
        ("[2001:db8::1]", "name-address"),
        ("a" * 64 + ".example", "name-label-too-long"),
        ("ü" * 60 + ".example", "name-label-too-long"),
        (".".join(["a" * 50] * 5) + ".example", "name-too-long"),
        ("a" * 2000, "name-too-long"),
        ("a..example", "name-empty-label"),
        (".example.com", "name-empty-label"),
        ("example.com..", "name-empty-label"),
        (".", "name-empty-label"),
        ("-a.example", "name-hyphen"),
        ("a-.example", "name-hyphen"),
        ("_dmarc.example.com", "name-underscore"),
        ("*.example.com", "name-wildcard"),
        ("a.*.example.com", "name-wildcard"),
        ("a*.example.com", "name-wildcard"),
        ("mail.example.123", "name-numeric"),
        ("1.2.3", "name-numeric"),
        ("mail.0x7f", "name-numeric"),
        ("xn--a.example", "name-idna"),
        ("ab--cd.example", "name-idna"),
        ("xn--.example", "name-hyphen"),
        ("localhost", "name-single-label"),
    ],
)
def test_what_is_no_domain(text, code):
    """Each kind of wrong name has its own code, a reason, a remedy, and the field it came in by."""
    with pytest.raises(BadInput) as refused:
        parse_domain(text, "where")
    assert (refused.value.code, refused.value.field) == (code, "where")
    assert str(refused.value.what)
    assert str(refused.value.remedy)
    assert str(refused.value.what).isprintable()


def test_wildcards_where_they_are_allowed():
    """A wildcard is the whole first label, and only where certificates are asked for."""
    assert parse_host_name("*.Example.com.", wildcard=True) == "*.example.com"
    for wrong in ("*.*.example.com", "a.*.example.com", "*", "*.", "*.com"):
        with pytest.raises(BadInput):
            parse_host_name(wrong, wildcard=True)
    assert parse_host_name("localhost", single_label=True) == "localhost"


def test_names_are_shown_as_people_write_them():
    """U-labels for people; what can't be shown stays as it is."""
    assert display_name("mail.xn--mnchen-3ya.example") == "mail.münchen.example"
    assert display_name("xn--a.example") == "xn--a.example"


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_refused(text):
    """Whatever is typed gives a fixed point that DNS and a shell can carry, or a documented refusal."""
    try:
        name = parse_host_name(text, wildcard=True, single_label=True)
    except BadInput as refused:
        assert refused.code in hostname.CODES
        return
    assert parse_host_name(name, wildcard=True, single_label=True) == name
    assert name.isascii()
    assert len(name) <= 253
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.*")


@given(st.lists(st.from_regex(r"[a-z]([a-z0-9]{0,10}[a-z])?", fullmatch=True), min_size=2, max_size=5))
def test_good_names_are_kept(labels):
    """An ordinary name is accepted as it is, with or without the trailing dot, in any case."""
    name = ".".join(labels)
    assert parse_domain(name) == parse_domain(name.upper() + ".") == name


@given(st.text(alphabet=st.characters(min_codepoint=0xE0, max_codepoint=0x17F), min_size=1, max_size=20))
def test_international_names_come_back(label):
    """What is shown for an international name leads to the same name when it is typed again."""
    try:
        name = parse_domain(f"{label}.example")
    except BadInput:
        return
    assert parse_domain(display_name(name)) == name
    assert idna.decode(name)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Anna@Example.com", "anna@example.com"),
        ("anna.smith@example.com.", "anna.smith@example.com"),
        ("o'neil_2-x@münchen.example", "o'neil_2-x@xn--mnchen-3ya.example"),
    ],
)
def test_addresses(text, address):
    """An address has one form."""
    assert str(parse_address(text)) == address
    assert parse_address(address) == MailAddress(*address.split("@"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("anna", "address-form"),
        ("@example.com", "address-form"),
        ("anna@", "address-form"),
        ("anna@[192.0.2.1]", "address-form"),
        ("an na@example.com", "address-local-part"),
        ('"anna"@example.com', "address-local-part"),
        ("anna..b@example.com", "address-local-part"),
        (".anna@example.com", "address-local-part"),
        ("anna.@example.com", "address-local-part"),
        ("../anna@example.com", "address-local-part"),
        ("a/b@example.com", "address-local-part"),
        ("a|b@example.com", "address-local-part"),
        ("a%b@example.com", "address-local-part"),
        ("a\nb@example.com", "address-local-part"),
        ("-f@example.com", "address-local-part"),
        ("$home@example.com", "address-local-part"),
        ("a*@example.com", "address-local-part"),
        ("änna@example.com", "address-local-part"),
        ("anna+news@example.com", "address-local-part"),
        ("a@b@example.com", "address-local-part"),
        ("a" * 65 + "@example.com", "address-too-long"),
        ("a" * 64 + "@" + ".".join(["b" * 60] * 4), "address-too-long"),
        ("anna@exa mple.com", "name-characters"),
        ("anna@localhost", "name-single-label"),
    ],
)
def test_what_is_no_address(text, code):
    """Each kind of wrong address has its own code, a reason and a remedy."""
    with pytest.raises(BadInput) as refused:
        parse_address(text)
    assert refused.value.code == code
    assert str(refused.value.what).isprintable()
    assert str(refused.value.remedy)


@given(st.text(max_size=100))
def test_any_text_is_an_address_or_refused(text):
    """No input crashes the parser or gets a path separator, a space or a control character through it."""
    try:
        address = str(parse_address(text))
    except BadInput as refused:
        assert refused.code in (*hostname.CODES, *mail_address.CODES)
        return
    assert not set(address) & set("/\\|!%$*?`{} \"'()<>[]:;,\t\r\n") - {"'"}
