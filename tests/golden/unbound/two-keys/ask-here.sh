#!/bin/sh
# Rendered by Mailward. Runs a command to which /etc/resolv.conf is the instance's: ask-here.sh RESOLV_CONF COMMAND...
#
# That file is seen in a mount namespace of the command's own; nothing changes in /etc. Where there can be none (a container
# without the right to mount) the command runs all the same and asks the system's resolver: it can't trust what DNSSEC
# vouches for, so DANE is off, and "mailward doctor" says so.
conf=$1
shift
if unshare --mount --propagation slave mount --bind "$conf" /etc/resolv.conf; then
    exec unshare --mount --propagation slave \
        /bin/sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$conf" "$@"
fi
echo "no mount namespace of its own: $1 asks the system's resolver" >&2
exec "$@"
