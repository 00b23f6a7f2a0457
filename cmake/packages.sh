# Sourced by the run.sh scripts:  need_packages NAME...
# Installs those of the Debian packages NAME... that are missing; where none is, apt is not touched. A program
# found on the PATH counts as the package of its name (cmake, g++, ...).
need_packages() {
  local name missing=()
  for name in "$@"; do
    command -v "$name" >/dev/null && continue
    if command -v dpkg-query >/dev/null; then
      [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] && continue
    fi
    missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return

  if ! command -v apt-get >/dev/null; then
    echo "No apt-get here; going on as if these Debian packages were installed: ${missing[*]}" >&2
    return
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300
             -o Dpkg::Use-Pty=0)
  echo "Installing ${missing[*]}" >&2
  if ! { command -v "${as_root[@]:-env}" && "${apt[@]}" update &&
         "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >/dev/null; then
    echo "error: cannot install the missing packages; as root, run:" >&2
    echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    return 1
  fi
}

# What the programs need; what tests and benches need besides.
program_packages=(g++ binutils cmake make libeigen3-dev libxsimd-dev libblis-serial-dev nlohmann-json3-dev libcxxopts-dev
                  zlib1g-dev libxxhash-dev)
test_packages=("${program_packages[@]}" doctest-dev librandom123-dev python3-numpy qemu-user)
bench_packages=("${program_packages[@]}" libbenchmark-dev python3-numpy)
# What Clang needs besides those, with sanitizers and their readable reports.
clang_packages=(clang libomp-dev libclang-rt-dev llvm)
# What looking at the report's page needs besides those; without a font nothing has a width.
browser_packages=(chromium fonts-liberation)
# What tests for 64-bit Arm need besides those.
aarch64_packages=(g++-aarch64-linux-gnu)
