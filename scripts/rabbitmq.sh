#!/usr/bin/env bash
# A throw-away RabbitMQ on a free port of 127.0.0.1; its files live in a directory of its own under /tmp.
#   scripts/rabbitmq.sh run COMMAND...      starts it, runs COMMAND with MAGEFERRY_TEST_RABBITMQ set, removes it
#   scripts/rabbitmq.sh start               starts it and prints its directory; `url` in it holds its address
#   scripts/rabbitmq.sh again DIRECTORY     starts the one in that directory again, on the same port
#   scripts/rabbitmq.sh halt DIRECTORY      stops it and keeps its files
#   scripts/rabbitmq.sh stop DIRECTORY      stops it and removes it
set -euo pipefail
cd "$(dirname "$0")/.."
scripts=$PWD/scripts

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

free_port() {
  local python
  python=$("$scripts/python.sh") || return 1
  "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

find_programs() {
  local candidate
  for candidate in /usr/lib/rabbitmq/bin $(dirname "$(command -v rabbitmq-server || echo /none/none)"); do
    if [[ -x $candidate/rabbitmq-server && -x $candidate/rabbitmqctl ]]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# Everything RabbitMQ and Erlang would put into shared places points into the directory; nothing listens elsewhere.
make_node() {
  directory=$(mktemp -d /tmp/mageferry-rabbitmq.XXXXXXXX)
  local port distribution epmd
  port=$(free_port) && distribution=$(free_port) && epmd=$(free_port) || fail "No free port could be found."
  cat >"$directory/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$port
loopback_users = none
log.file.level = warning
CONF
  echo "[]." >"$directory/plugins"
  cat >"$directory/environment" <<ENVIRONMENT
export HOME=$directory ERL_EPMD_PORT=$epmd ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_NODENAME=mageferry$port@localhost RABBITMQ_DIST_PORT=$distribution
export RABBITMQ_CONFIG_FILE=$directory/rabbitmq.conf RABBITMQ_MNESIA_BASE=$directory/data
export RABBITMQ_LOG_BASE=$directory/log RABBITMQ_ENABLED_PLUGINS_FILE=$directory/plugins
export RABBITMQ_PID_FILE=$directory/pid RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +sbwt none'
ENVIRONMENT
  echo "amqp://guest:guest@127.0.0.1:$port/" >"$directory/url"
}

start_node() ( # a subshell: its environment is RabbitMQ's own
  # shellcheck disable=SC1091
  . "$directory/environment"
  (
    cd "$directory"
    setsid "$programs/rabbitmq-server" >"$directory/server.log" 2>&1 </dev/null &
  )
  local waited
  for waited in $(seq 1 120); do
    if [[ -s $directory/pid ]] && "$programs/rabbitmqctl" --quiet await_startup --timeout 60 >/dev/null 2>&1; then
      return
    fi
    sleep 0.5
  done
  cat "$directory/server.log" >&2
  fail "RabbitMQ did not start within 60 s; its log is above."
)

halt() (
  # shellcheck disable=SC1091
  . "$directory/environment"
  local server waited
  server=$(cat "$directory/pid" 2>/dev/null || true)
  if [[ -n $server ]] && kill "$server" 2>/dev/null; then
    for waited in $(seq 1 100); do
      kill -0 "$server" 2>/dev/null || break
      sleep 0.2
    done
    kill -9 "$server" 2>/dev/null || true
  fi
  rm -f "$directory/pid"
  epmd -kill >/dev/null 2>&1 || true
)

remove() {
  halt
  rm -rf "$directory"
}

usage() {
  sed -n '2,7p' "$scripts/rabbitmq.sh" | cut -c3- >&2
  exit 2
}

known_directory() {
  [[ $# -eq 2 && $2 == /tmp/mageferry-rabbitmq.* && -d $2 ]] || fail "Name the directory that 'scripts/rabbitmq.sh start' printed."
  directory=$2
}

[[ $# -ge 1 ]] || usage
programs=$(find_programs) || { "$scripts/debian.sh" rabbitmq-server && programs=$(find_programs); } ||
  fail "No RabbitMQ was found (rabbitmq-server, rabbitmqctl), neither in /usr/lib/rabbitmq/bin nor on the PATH."
directory=

case $1 in
  run)
    [[ $# -ge 2 ]] || usage
    shift
    trap '[[ -z $directory ]] || remove' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    make_node
    start_node
    MAGEFERRY_TEST_RABBITMQ=$directory "$@"
    ;;
  start)
    trap '[[ -z $directory ]] || remove' EXIT
    make_node
    start_node
    trap - EXIT
    echo "$directory"
    ;;
  again) known_directory "$@" && start_node ;;
  halt) known_directory "$@" && halt ;;
  stop) known_directory "$@" && remove ;;
  *) usage ;;
esac
