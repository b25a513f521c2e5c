#!/usr/bin/env bash
# Runs the tests: scripts/test.sh [unit|sqlite|postgres|e2e|chaos|proof], without a word all of them.
#   unit      everything but tests/hub and tests/e2e: the client library, the sandbox, the tools
#   sqlite    unit, and the hub's tests on SQLite
#   postgres  the hub's tests on PostgreSQL
#   e2e       the commands and a browser, as a user would
#   chaos     25 runs of everything at once, faults at every request, killed workers, all sides compared
#   proof     the long form of the ledger's proofs; how long is said by PROOF_UNITS (not part of all)
# Which tests those are is a matter of folders, so a new folder is run without being named anywhere.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${VENV:-.venv}/bin
[[ -x $bin/pytest ]] || { echo "No environment in ${VENV:-.venv}: run it as 'make test', which makes one." >&2; exit 1; }

# Tests must neither read nor touch a real hub's data or its settings.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
for name in $(compgen -e MAGEFERRY_ || true); do unset "$name"; done
export MAGEFERRY_HOME=$home
summary=$home/summary
failures=$home/failures

# section TITLE COMMAND...: runs it, goes on when it fails, remembers the outcome, the seconds and which tests failed.
section() {
  local title=$1 began=$SECONDS outcome=passed
  shift
  printf '\n== %s\n' "$title"
  "$@" 2>&1 | tee "$home/$title.log" || outcome=FAILED
  printf '%-34s %-7s %5d s\n' "$title" "$outcome" $((SECONDS - began)) >> "$summary"
  if [[ $outcome == FAILED ]]; then
    { grep -aE '^(FAILED|ERROR) |skipped, and CI is set' "$home/$title.log" || tail -n 5 "$home/$title.log"; } | cut -c1-300 | sed -n 1,15p >> "$failures"
  fi
}

# Side by side on the cores, each process with a database of its own.
side_by_side=("$bin/pytest" --numprocesses "${CORES:-2}" --dist worksteal --quiet)
# These start, kill and stop processes and whole database servers: one after the other.
work=tests/hub/work
# Without a database, or with a hub of their own: they say the same on every database.
once=(--ignore=tests/hub/mapping --ignore=tests/hub/pipelines/test_canaries.py)

run_unit() { section "unit tests" "${side_by_side[@]}" --ignore=tests/hub --ignore=tests/e2e; }
run_hub_on_sqlite() { section "hub on SQLite" "${side_by_side[@]}" tests/hub --ignore=$work; }
run_hub_on_postgres() {
  section "hub on PostgreSQL" scripts/postgres.sh run "${side_by_side[@]}" tests/hub --ignore=$work "${once[@]}"
}
run_processes_on_sqlite() { section "processes on SQLite" "$bin/pytest" $work; }
run_processes_on_postgres() { section "processes on PostgreSQL" scripts/postgres.sh run "$bin/pytest" $work; }
run_e2e() { section "commands and browser" test_with_browser; }

run_chaos() {
  section "chaos, 20 runs" "$bin/python" -m chaos --seeds 20 --orders 4 --seconds 180 --jobs "$1"
  section "chaos of routes, 5 runs" "$bin/python" -m chaos --story routes --orders 8 --seconds 120 --jobs "$1"
}

run_proof() {
  local proofs=(tests/hub/work/test_processes.py tests/hub/work/test_lease_machine.py)
  section "proof on SQLite" "$bin/pytest" "${proofs[@]}"
  section "proof on PostgreSQL" scripts/postgres.sh run "$bin/pytest" "${proofs[@]}" tests/hub/work/test_scale_out.py
}

test_with_browser() {
  local chromium
  chromium=$(scripts/chromium.sh) && CHROMIUM=$chromium "$bin/pytest" tests/e2e
}

# Those that mostly wait for processes run beside those that mostly compute, with a home of their own.
run_all() {
  mkdir "$home/beside"
  (
    export MAGEFERRY_HOME=$home/beside
    run_processes_on_sqlite
    run_processes_on_postgres
    run_e2e
    run_chaos 2
  ) > "$home/beside.log" 2>&1 &
  local beside=$!
  run_unit
  run_hub_on_sqlite
  run_hub_on_postgres
  wait "$beside" || true
  cat "$home/beside.log"
}

case ${1:-all} in
  unit) run_unit ;;
  sqlite) run_unit; run_hub_on_sqlite; run_processes_on_sqlite ;;
  postgres) run_hub_on_postgres; run_processes_on_postgres ;;
  e2e) run_e2e ;;
  chaos) run_chaos 4 ;;
  proof) run_proof ;;
  all) run_all ;;
  *)
    sed -n '2,8p' scripts/test.sh | cut -c3- >&2
    exit 2
    ;;
esac
printf '\n'
cat "$summary"
if [[ -e $failures ]]; then
  printf '\nWhat failed (said in full above):\n'
  cat "$failures"
  exit 1
fi
