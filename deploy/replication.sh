#!/bin/sh
# At the first start of a PostgreSQL: a standby may sign in with the password of the database's user.
set -eu
echo "host replication $POSTGRES_USER all scram-sha-256" >> "$PGDATA/pg_hba.conf"
