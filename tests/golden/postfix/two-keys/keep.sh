#!/bin/sh
# Rendered by Mailward. Keeps Postfix in the foreground for the supervisor: keep.sh CONFIG_DIRECTORY
#
# Postfix' own start-fg waits in a shell for a master that leads a session of its own: a signal to the shell or its group
# ends the shell alone, and the master that goes on then keeps the next start from succeeding.
postfix=/usr/sbin/postfix
if "$postfix" -c "$1" status 2> /dev/null; then
    "$postfix" -c "$1" stop # its keeper was killed
fi
trap '"$postfix" -c "$1" stop' TERM
"$postfix" -c "$1" start-fg &
wait "$!"
ended=$?
wait # a signal ends the first wait at once: now until the master is gone
exit "$ended"
