#!/usr/bin/env bash
# Chromium for the browser tests, by apt where that is allowed; where it is not, says loudly what will be skipped.
set -euo pipefail

for name in "${AMENDS_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then exit 0; fi
done
if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then exit 0; fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

if command -v apt-get >/dev/null && as_root true; then
    echo "Installing Chromium and Chinese fonts for the browser tests (a few minutes, once)."
    if as_root apt-get update -qq >/dev/null &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            chromium fonts-noto-cjk fonts-noto-color-emoji >/dev/null; then
        exit 0
    fi
fi
cat >&2 <<'END'

  ------------------------------------------------------------------------------
  SKIPPED: no Chromium here, and it could not be installed without being asked.
  All tests marked `browser` will be skipped. To run them, install chromium (on
  Debian: sudo apt-get install chromium fonts-noto-cjk) or set AMENDS_CHROMIUM.
  ------------------------------------------------------------------------------

END
