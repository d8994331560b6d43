#!/bin/sh
# Rendered by Mailward. Keeps one message for the steward: keep-report.sh MAILDIR MOST KILOBYTES < message
#
# Looks at nothing in it. When as many wait already, or as much, the sender is asked to come again (75 is EX_TEMPFAIL).
umask 077
cd "$1" || exit 75
most=$2 kilobytes=$3
set -- new/*
[ "$#" -lt "$most" ] || exit 75
[ "$(du -sk new | cut -f 1)" -lt "$kilobytes" ] || exit 75
file=$(mktemp tmp/XXXXXXXXXXXX) || exit 75
if cat > "$file" && sync "$file" && mv -n "$file" "new/$(date +%s).${file#tmp/}"; then
    exit 0
fi
rm -f "$file"
exit 75
