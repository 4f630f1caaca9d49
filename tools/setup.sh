# What ./run and ./check share: installing what is missing, and saying so. Sourced by bash, from the project's root.
#
# Each function is quick when there is nothing to do, and ends the script with one helpful line when it cannot go on.

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What building `symphony` takes (Debian 12 names).
PACKAGES_BUILD=(g++ cmake ninja-build pkg-config libboost1.81-dev libexpected-dev libsqlite3-dev libssl-dev
                libcurl4-openssl-dev libpq-dev libzstd-dev libspdlog-dev libfmt-dev libcli11-dev prometheus-cpp-dev
                libmimalloc-dev)

# What ./check takes besides: tests, benchmarks, formatting, fuzzing, a browser with a font, a database server.
PACKAGES_CHECK=(libgtest-dev libgmock-dev libbenchmark-dev clang-14 libclang-rt-14-dev clang-format-14 chromium
                fonts-dejavu-core python3-venv postgresql)

# Packages for Node and npm, if there is no Node yet: any Node from 18 on will do.
node_packages() { command -v node >/dev/null && command -v npm >/dev/null || echo nodejs npm; }

# ensure_apt <package>...: installs those that are not installed, in one go.
ensure_apt() {
  local missing=() package
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    say "no apt here; the build needs what Debian 12 calls: $*"
    return 0
  fi
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  local as_root=()
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || die "these packages are missing, and there is no sudo to install them: ${missing[*]}"
    as_root=(sudo)
  fi
  if [[ " ${missing[*]} " == *" postgresql "* && ! -e /etc/postgresql-common ]]; then
    # Debian makes a database of its own when it installs Postgres, and starts it. The tests start theirs.
    "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
    "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/symphony.conf >/dev/null <<<'create_main_cluster = false'
  fi
  say "installing Debian packages: ${missing[*]}"
  { "${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}" >/dev/null; } ||
    die "apt could not install: ${missing[*]}"
}

# ensure_npm: node_modules as package-lock.json says, of all workspaces.
ensure_npm() {
  local stamp=node_modules/.symphony-lock version
  version=$(node -p 'process.versions.node.split(".")[0]') || die "node does not run"
  [[ $version -ge 18 ]] || die "Node $version is too old: 18 or newer is needed"
  cmp -s package-lock.json "$stamp" && return 0
  say "installing npm packages (npm ci)"
  npm ci --no-audit --no-fund --loglevel=error >&2 || die "npm ci failed"
  cp package-lock.json "$stamp"
}

# ensure_storage_servers: the services of tests/storage/requirements.txt, programs in build/tools/servers/bin.
ensure_storage_servers() {
  local folder=build/tools/servers wanted=tests/storage/requirements.txt program
  cmp -s "$wanted" "$folder/installed" && return 0
  say "installing the services that the object stores are tested with (90 MB)"
  rm -rf "$folder"
  { python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
      --only-binary :all: -r "$wanted" >&2; } || die "pip could not install $wanted; it has programs for x86-64 only"
  program=$(find "$folder/lib" -name 'fake-gcs-server-linux-amd64' -type f)
  [[ -n $program ]] || die "the wheel of fake-gcs-server has no program"
  chmod +x "$program"
  ln -s "$PWD/$program" "$folder/bin/fake-gcs-server"
  cp "$wanted" "$folder/installed"
}

# build_examples: the page at /, into packages/examples/dist, if a source is newer than it.
build_examples() {
  local dist=packages/examples/dist/index.html
  if [[ -f $dist && -z $(find packages/examples package-lock.json -newer "$dist" -type f \
        -not -path '*/dist/*' -not -path '*/node_modules/*' -print -quit) ]]; then
    return 0
  fi
  say "building the example page"
  npm run --silent build --workspace packages/examples >&2 || die "the example page does not build"
}
