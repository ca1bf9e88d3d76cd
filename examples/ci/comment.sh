#!/bin/sh
# Puts a file under a pull or merge request as a comment: the first time as a new one, later in the place of the old one.
# It is known by its first line, which is a comment of HTML and not seen: <!-- deployer plan: shop -->
#
#   sh ci/comment.sh github|gitea|gitlab plan.md
#
#   COMMENT_TOKEN        may write comments; it is in no process list and no log
#   COMMENT_NUMBER       the number of the request; GitLab's CI_MERGE_REQUEST_IID unless set
#   GITHUB_API_URL and GITHUB_REPOSITORY (GitHub, Gitea), or CI_API_V4_URL and CI_PROJECT_ID (GitLab), which CI sets
#
# It needs curl, and python3 to read and write JSON. Exits with 1 where the host refuses, 64 where it is called wrongly.
set -eu
set +x # a trace would print the token

usage() {
  echo "comment.sh: $1" >&2
  exit 64
}

[ $# -eq 2 ] || usage 'say: comment.sh github|gitea|gitlab FILE'
host=$1 file=$2
[ -s "$file" ] || usage "$file is not there, or is empty"
[ -n "${COMMENT_TOKEN:-}" ] || usage 'COMMENT_TOKEN is not set'
number=${COMMENT_NUMBER:-${CI_MERGE_REQUEST_IID:-}}
[ -n "$number" ] || usage 'COMMENT_NUMBER is not set'

case $host in
  github | gitea)
    repository=${GITHUB_API_URL:?}/repos/${GITHUB_REPOSITORY:?}
    all=$repository/issues/$number/comments one=$repository/issues/comments
    update=PATCH header='Authorization: token'
    ;;
  gitlab)
    all=${CI_API_V4_URL:?}/projects/${CI_PROJECT_ID:?}/merge_requests/$number/notes one=$all
    update=PUT header='PRIVATE-TOKEN:'
    ;;
  *) usage "$host is none of github, gitea and gitlab" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

# try METHOD URL [FILE]: whether the host does it; the answer is in $work/answer. The token goes to curl through a pipe.
try() {
  set -- "$1" "$2" ${3:+--data-binary "@$3"}
  method=$1 url=$2
  shift 2
  printf 'header = "%s %s"\n' "$header" "$COMMENT_TOKEN" |
    curl --config - --silent --show-error --max-time 60 --request "$method" \
      --header 'Content-Type: application/json' --output "$work/answer" --write-out '%{http_code}' "$@" "$url" \
      >"$work/status" || exit 1
  case $(cat "$work/status") in
    2??) ;;
    *) return 1 ;;
  esac
}

call() {
  try "$@" || {
    echo "comment.sh: $1 $2 answered $(cat "$work/status"): $(head -c 300 "$work/answer")" >&2
    exit 1
  }
}

# The marker, and the file as JSON; a file without a marker gets one.
python3 - "$file" "$work" <<'END'
import json, pathlib, sys
text, work = pathlib.Path(sys.argv[1]).read_text("utf-8"), pathlib.Path(sys.argv[2])
marker = text.partition("\n")[0].strip()
if not (marker.startswith("<!--") and marker.endswith("-->")):
    marker = "<!-- deployer plan -->"
    text = f"{marker}\n{text}"
(work / "marker").write_text(marker, "utf-8")
(work / "body").write_text(json.dumps({"body": text}), "utf-8")
END

ids='' page=1
while [ -z "$ids" ]; do
  call GET "$all?per_page=100&limit=100&page=$page"
  found=$(python3 - "$work" <<'END'
import json, pathlib, sys
work = pathlib.Path(sys.argv[1])
marker, said = (work / "marker").read_text("utf-8"), json.loads((work / "answer").read_text("utf-8"))
ours = [str(each["id"]) for each in said if (each.get("body") or "").startswith(marker)]
print(len(said), *ours)
END
  )
  many=${found%% *}
  case $found in *' '*) ids=${found#* } ;; esac
  [ "$many" -ge 100 ] && [ "$host" != gitea ] || break # Gitea gives all of them at once
  page=$((page + 1))
  [ "$page" -le 50 ] || break
done

for id in $ids; do
  # Anybody can write a comment that begins so; theirs is not ours to change.
  if try "$update" "$one/$id" "$work/body"; then
    echo "The comment $id is written anew."
    exit 0
  fi
  case $(cat "$work/status") in 403 | 404) ;; *) call "$update" "$one/$id" "$work/body" ;; esac
done
call POST "$all" "$work/body"
echo 'There is a new comment.'
