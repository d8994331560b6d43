"""The Debian packages that the daemons come from. Nothing of them runs as a system service: the instance runs them.

postfix-lmdb holds the certificates by name, the -sqlite packages read the directory; the nginx modules are the TLS
door (stream) and find the certificate by name (js).
"""

RUNTIME: tuple[str, ...] = (
    "dns-root-data",
    "dovecot-core",
    "dovecot-imapd",
    "dovecot-lmtpd",
    "dovecot-managesieved",
    "dovecot-pop3d",
    "dovecot-sieve",
    "dovecot-sqlite",
    "knot",
    "libnginx-mod-http-js",
    "libnginx-mod-stream",
    "libnginx-mod-stream-js",
    "nginx",
    "php8.2-cli",
    "php8.2-fpm",
    "postfix",
    "postfix-lmdb",
    "postfix-mta-sts-resolver",
    "postfix-sqlite",
    "roundcube-core",
    "roundcube-plugins",
    "roundcube-sqlite3",
    "unbound",
)
DEMO: tuple[str, ...] = ("pebble",)
TEST: tuple[str, ...] = (
    "certbot",
    "chromium",
    "curl",
    "isync",
    "knot-dnsutils",
    "opendkim",  # another receiver, for our signatures
    "libnet-ssleay-perl",  # swaks speaks TLS with it, and only recommends it
    "libatomic1",  # Playwright's driver
    "libnss3-tools",
    "pdns-backend-sqlite3",  # a provider's DNS with an API
    "pdns-server",
    "postgresql",
    "python3-certbot-dns-rfc2136",
    "swaks",
)
