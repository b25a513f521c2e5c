#!/usr/bin/env bash
# A throw-away PostgreSQL on a free port of 127.0.0.1; its files live in a directory of its own under /tmp.
#   scripts/postgres.sh run COMMAND...   starts it, runs COMMAND with MAGEFERRY_DATABASE_URL set, removes it
#   scripts/postgres.sh start            starts it and prints its URL; how to stop it goes to standard error
#   scripts/postgres.sh restart DIRECTORY  breaks all connections and comes back on the same port
#   scripts/postgres.sh stop DIRECTORY   stops the one that `start` made there and removes it
# Nothing here survives: fsync is off, so never keep data in it.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts=$PWD/scripts

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

find_binaries() {
  local candidate
  for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5Vr) "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
    if [[ -x $candidate/initdb && -x $candidate/pg_ctl ]]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# initdb and the server refuse to run as root: root hands over to the user that Debian's package made.
as_owner() {
  if [[ $(id -u) -eq 0 ]]; then
    (cd / && runuser -u postgres -- "$@")
  else
    (cd / && "$@")
  fi
}

free_port() {
  local python
  python=$("$scripts/python.sh") || return 1
  "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

make_cluster() {
  directory=$(mktemp -d /tmp/mageferry-postgres.XXXXXXXX)
  chmod 700 "$directory"
  if [[ $(id -u) -eq 0 ]]; then
    id postgres >/dev/null 2>&1 || fail "There is no user postgres to run the server as (root may not)." \
      "Debian's package postgresql makes one: apt-get install postgresql"
    chown postgres: "$directory"
  fi
  # The superuser can only come through the socket in the private directory; over TCP a password is asked for.
  as_owner "$binaries/initdb" --pgdata="$directory/data" --username=postgres --auth-local=trust \
    --auth-host=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$directory.log" 2>&1 ||
    { cat "$directory.log" >&2; fail "initdb failed; what it said is above."; }
}

start_cluster() {
  local attempt
  # Another process can take the free port before the server binds it: another port, then.
  for attempt in 1 2 3; do
    port=$(free_port) || fail "No free port could be found."
    if as_owner "$binaries/pg_ctl" --pgdata="$directory/data" --log="$directory/server.log" --wait --timeout=60 --options="\
-F -p $port -k $directory -c listen_addresses=127.0.0.1 -c synchronous_commit=off -c full_page_writes=off \
-c max_connections=200 -c shared_buffers=128MB" start >>"$directory.log" 2>&1; then
      return
    fi
    echo "PostgreSQL did not start on port $port (try $attempt of 3)." >&2
  done
  as_owner cat "$directory/server.log" >&2
  fail "PostgreSQL did not start; its log is above."
}

make_database() {
  local password
  password=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')
  as_owner "$binaries/psql" --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --host="$directory" --port="$port" --username=postgres \
    --command="CREATE ROLE mageferry LOGIN CREATEDB PASSWORD '$password'" \
    --command="CREATE DATABASE mageferry OWNER mageferry" >&2
  url="postgresql://mageferry:$password@127.0.0.1:$port/mageferry"
}

remove() {
  local where=$1
  if [[ -f $where/data/postmaster.pid ]]; then
    as_owner "$binaries/pg_ctl" --pgdata="$where/data" --mode=immediate --wait stop >/dev/null 2>&1 || true
  fi
  rm -rf "$where" "$where.log"
}

start() {
  make_cluster
  start_cluster
  make_database
}

usage() {
  sed -n '2,6p' "$scripts/postgres.sh" | cut -c3- >&2
  exit 2
}

[[ $# -ge 1 ]] || usage
binaries=$(find_binaries) || { "$scripts/debian.sh" postgresql && binaries=$(find_binaries); } ||
  fail "No PostgreSQL server programs were found (initdb, pg_ctl), neither in /usr/lib/postgresql/*/bin nor on the PATH."
directory=

case $1 in
  run)
    [[ $# -ge 2 ]] || usage
    shift
    trap '[[ -z $directory ]] || remove "$directory"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    start
    MAGEFERRY_DATABASE_URL=$url POSTGRES_TEST_DIRECTORY=$directory "$@"
    ;;
  start)
    trap '[[ -z $directory ]] || remove "$directory"' EXIT
    start
    trap - EXIT
    echo "$url"
    echo "Stop and remove it with: scripts/postgres.sh stop $directory" >&2
    ;;
  restart)
    [[ $# -eq 2 && $2 == /tmp/mageferry-postgres.* && -d $2 ]] || fail "Name the directory of a PostgreSQL that runs."
    as_owner "$binaries/pg_ctl" --pgdata="$2/data" --mode=fast --wait --log="$2/server.log" restart >/dev/null
    ;;
  stop)
    [[ $# -eq 2 && $2 == /tmp/mageferry-postgres.* && -d $2 ]] || fail "Name the directory that 'scripts/postgres.sh start' printed."
    remove "$2"
    ;;
  *) usage ;;
esac
