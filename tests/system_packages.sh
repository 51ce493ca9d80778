#!/bin/bash
# Brings what some tests need from the system: Chromium, PostgreSQL 15, PgBouncer and wrk. Installs
# them with apt-get when run as root; otherwise says loudly what will be skipped. A skip fails in CI.
set -u

missing() {
    command -v chromium > /dev/null || echo chromium fonts-dejavu-core fonts-noto-color-emoji
    [ -x /usr/lib/postgresql/15/bin/postgres ] || echo postgresql-15
    [ -x /usr/sbin/pgbouncer ] || command -v pgbouncer > /dev/null || echo pgbouncer
    command -v wrk > /dev/null || echo wrk
}

# The tests start servers of their own, so none may be started by the installation.
without_services() {
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod +x "$policy"
        trap "rm -f '$policy'" EXIT
    fi
    DEBIAN_FRONTEND=noninteractive "$@"
}

install() {
    echo "Installing for the tests:" "$@" >&2
    apt-get -qq update < /dev/null >&2 &&
        without_services apt-get -qq install --yes --no-install-recommends "$@" < /dev/null >&2
}

wanted=$(missing)
[ -n "$wanted" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    # shellcheck disable=SC2086
    install $wanted
fi

wanted=$(missing)
[ -n "$wanted" ] || exit 0
echo "!!! MISSING SYSTEM PACKAGES:" $wanted >&2
echo "!!! The tests that need them will be SKIPPED. As root: apt-get install" $wanted >&2
[ "${CI:-}" != true ]
