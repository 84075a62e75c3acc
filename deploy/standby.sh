#!/bin/sh
# A synchronous standby of the PostgreSQL at PGHOST, as PGUSER: a copy at the first start, then it follows.
# Whoever writes there waits for it from the moment on at which it has caught up; `SELECT pg_promote()` makes it the one
# that is written to.
set -eu
port=${STANDBY_PORT:-5432}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    pg_basebackup --pgdata="$PGDATA" --write-recovery-conf --checkpoint=fast \
        --dbname="application_name=standby"
    chmod 700 "$PGDATA"
fi
(
    follows="SELECT count(*) FROM pg_stat_replication WHERE application_name = 'standby' AND state = 'streaming'"
    until [ "$(psql --dbname=postgres --no-align --tuples-only --command="$follows")" = 1 ]; do
        kill -0 $$ || exit 1  # the server below ended
        sleep 1
    done
    psql --dbname=postgres --command="ALTER SYSTEM SET synchronous_standby_names = 'standby'" \
        --command="SELECT pg_reload_conf()"
) &
exec postgres -p "$port" "$@"
