#!/bin/sh
# What a bare Debian lacks before Python can take over: venv, git, and certificates. Says so in one line elsewhere.
set -eu
missing=""
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3 python3-venv"
command -v git >/dev/null || missing="$missing git"
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Slipway needs:$missing. Install them (as root on Debian: apt-get install$missing) and try again." >&2
    exit 1
fi
apt-get update -qq || true
# shellcheck disable=SC2086  # a list of words
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
