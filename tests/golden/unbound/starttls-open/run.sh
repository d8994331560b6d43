#!/bin/sh
# Rendered by Mailward. Runs unbound in the foreground: run.sh CONFIGURATION
#
# Where AppArmor is on, Debian's profile for unbound lets it read nothing but /etc/unbound. It is meant for Debian's service,
# and nothing in /etc is changed: this one, which reads the instance, runs without it.
if [ "$(cat /sys/module/apparmor/parameters/enabled 2> /dev/null)" = Y ] && [ -x /usr/bin/aa-exec ]; then
    exec /usr/bin/aa-exec -p unconfined -- /usr/sbin/unbound -d -c "$1"
fi
exec /usr/sbin/unbound -d -c "$1"
