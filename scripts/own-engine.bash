# An engine of our own in a folder: started beside whatever runs, and ended with all that it made.
#
# For scripts that set `home`, its folder; `own`, its URL; `bridge` and `address`, the link that it has to itself where it does
# not have docker0; `pool`, where its networks are; `verb` and `here`; and that define `say` and `die`.
# shellcheck shell=bash disable=SC2154

ping_socket='
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(10); s.connect(sys.argv[1])
s.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
sys.exit(b" 200 " not in s.recv(64))'

answers() {
  case $1 in
    unix://*) [[ -S ${1#unix://} ]] && python3 -c "$ping_socket" "${1#unix://}" 2>/dev/null ;;
    ?*) command -v docker >/dev/null && timeout 10 docker -H "$1" version --format '{{.Server.Version}}' >/dev/null 2>&1 ;;
    *) return 1 ;;
  esac
}

# The lock lies on a folder that every system has: nothing of it is left. Whoever waits sees what the other one did.
become_root_and_lock() {
  if ((EUID)); then
    if ! { command -v sudo >/dev/null && sudo -v; }; then
      die "to $verb an engine of our own takes root or sudo; or set DOCKER_HOST to one that answers"
    fi
    exec sudo env XDG_CACHE_HOME="${XDG_CACHE_HOME:-$HOME/.cache}" bash "$here/${0##*/}" "$verb"
  fi
  exec 9</var/lib
  flock 9
}

any() { pgrep -r R,S,D "$1" >/dev/null; } # the states leave zombies out
runs() { grep -qs "$home/" "/proc/$1/cmdline"; } # kill -0 would take a zombie, or a stranger with that number, for it

# start_own DOCKERD [beside]: `beside` leaves docker0 to others, even where nobody has it yet.
start_own() {
  local link=() group=${SUDO_GID:-0}
  umask 022
  mkdir -p "$home"
  # Not the machine's /etc/docker/daemon.json: its hosts would contradict ours. All engines of a machine share the 31 networks
  # that they have by themselves, and the tests need more.
  echo "{\"default-address-pools\": [{\"base\": \"$pool\", \"size\": 24}]}" >"$home/daemon.json"
  { cat /proc/sys/net/ipv4/ip_forward; iptables -S FORWARD 2>/dev/null | head -n 1; } >"$home/before"
  [[ -e /etc/docker/key.json ]] || touch "$home/made-key" # Engine 20.10 makes one there, wherever its folders are
  # An engine owns docker0: a second one would give it another address, and cut the first one's containers off.
  if [[ ${2:-} ]] || { ip link show docker0 >/dev/null 2>&1 && any dockerd; }; then
    ip link show "$bridge" >/dev/null 2>&1 || ip link add "$bridge" type bridge
    ip addr replace "$address" dev "$bridge"
    ip link set "$bridge" up
    link=(--bridge "$bridge")
  elif ! ip link show docker0 >/dev/null 2>&1; then
    touch "$home/made-docker0"
  fi
  say "starting dockerd in $home"
  # Its own processes, and those that it runs for each container, collect their garbage seldom: for the little that they have, it
  # is a fifth of the processor time of a container on Engine 20.10.
  GOGC=400 setsid nohup "$1" --config-file "$home/daemon.json" --data-root "$home/data" --exec-root "$home/exec" \
    --pidfile "$home/pid" --group "$group" -H "$own" "${link[@]}" >"$home/log" 2>&1 </dev/null 9<&- &
  await_own "$!" && return
  tail -n 5 "$home/log" >&2
  stop_own
  die "dockerd did not answer; its last lines are above"
}

await_own() { # until it answers; fails when it has ended, or after a minute
  local end=$((SECONDS + 60))
  while ((SECONDS < end)) && kill -0 "$1" 2>/dev/null; do
    answers "$own" && return
    sleep .1
  done
  return 1
}

stop_own() {
  local pid ids
  pid=$(cat "$home/pid" 2>/dev/null || echo 0)
  if runs "$pid"; then
    say "stopping dockerd ($pid)"
    if command -v docker >/dev/null; then # else it waits 10 to 15 s for a container that ignores SIGTERM
      timeout 20 docker -H "$own" ps -q | timeout 20 xargs -r docker -H "$own" kill >/dev/null || true
    fi
    kill "$pid"
    for _ in $(seq 400); do
      runs "$pid" || break
      sleep .1
    done
  fi
  # What a dockerd that was killed leaves: containerd, its shims, and below them the containers.
  for pid in $(pgrep -f "^[^ ]*(dockerd|containerd)[^ ]* .*$home/" || true); do end_tree "$pid"; done
  ids=$(grep -aoE '[0-9a-f]{64}' "$home/data/network/files/local-kv.db" 2>/dev/null | cut -c 1-12 | sort -u || true)
  remove_links "$ids"
  awk -v home="$home/" 'index($2, home) == 1 {print $2}' /proc/mounts | sort -r | xargs -r umount -l
  [[ -e $home/made-key ]] && rm -f /etc/docker/key.json
  rm -rf "$home"
  any containerd || rm -rf /run/containerd/s # sockets of shims that were killed
  # dockerd and containerd leave these empty, whatever their folders are; rmdir spares what another one uses.
  any dockerd || rmdir /run/containerd/s /run/containerd /opt/containerd/{bin,lib} /opt/containerd /run/docker/plugins /run/docker /etc/docker 2>/dev/null || true
}

end_tree() {
  local child
  for child in $(pgrep -P "$1" || true); do end_tree "$child"; done
  kill -KILL "$1" 2>/dev/null || true
}

# dockerd leaves the bridges of its networks and its packet filter rules behind.
remove_links() {
  local id links=$bridge
  for id in $1; do links+="|br-$id"; done
  remove_rules "$links"
  for id in ${links//|/ }; do ip link del "$id" 2>/dev/null || true; done
  if [[ -e $home/made-docker0 ]]; then ip link del docker0 2>/dev/null || true; fi
  if any dockerd; then return; fi # the other rules are that one's too
  local tool rules='DOCKER|docker0|-[io] br-[0-9a-f]{12}|-s ([0-9.]+)/32 -d \1/32 .*-j MASQUERADE'
  for tool in iptables ip6tables; do
    "$tool-save" -c 2>/dev/null | grep -vE "$rules" | "$tool-restore" -c 2>/dev/null || true
  done
  { read -r forward && read -r -a policy; } <"$home/before" 2>/dev/null || return 0
  if [[ ${policy[1]:-} == FORWARD ]]; then iptables "${policy[@]}" || true; fi
  echo "$forward" >/proc/sys/net/ipv4/ip_forward
}

remove_rules() { # those that name one of the links a|b|c
  local tool
  for tool in iptables ip6tables; do
    "$tool-save" 2>/dev/null | awk -v links=" ($1) " '
      /^\*/ { table = substr($1, 2) }
      /^-A / && $0 ~ links { sub(/^-A/, "-D"); print "-t", table, $0 }' | xargs -r -L 1 "$tool" 2>/dev/null || true
  done
}
