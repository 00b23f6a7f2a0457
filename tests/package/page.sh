#!/usr/bin/env bash
# Runs the commands and lines of CMake on a page as they are printed, where CMake finds no package but Eigen and xsimd.
#
#   page.sh PAGE COMPILER      PAGE: a path in the project; COMPILER: CMake's
#
# Blocks with  <!-- tests/package/page.sh -->  above their fence are tried, in their order. `sh`: in a copy of the
# project, which keeps those lessons that the page's blocks name. apt-get does not run: it must be asked for packages of
# cmake/packages.sh. `cmake`: at the end of the CMakeLists.txt of a project with the program your_engine.
set -euo pipefail
page=$1
export CXX=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$root/cmake/packages.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $page: $*" >&2; exit 1; }

mkdir -p "$work/"{blocks,home,bin,dope,engine}
awk -v folder="$work/blocks" '
  marked && /^```(sh|cmake)$/ { kind = substr($0, 4); file = sprintf("%s/%02d.%s", folder, ++number, kind); inside = 1; next }
  inside && /^```$/ { inside = 0; close(file) }
  inside { print > file }
  { marked = /^<!-- tests\/package\/page.sh -->$/ }' "$root/$page"
[ "$(grep -c '^<!-- tests/package/page.sh -->$' "$root/$page")" = "$(find "$work/blocks" -type f | wc -l)" ] || fail "a marker without a block"
[ -n "$(ls "$work/blocks")" ] || fail "nothing is marked"

cp -r "$root/"{CMakeLists.txt,LICENSE,cmake,include} "$work/dope"
tar -C "$root" --exclude examples/model -c examples | tar -C "$work/dope" -x
for lesson in "$work/dope/examples/course/"*.cpp; do
  grep -q "$(basename "$lesson" .cpp)" "$work/blocks/"* || rm "$lesson"
done

# The machine: packages are hidden, and nothing is optimised.
for package in nlohmann_json cxxopts OpenMP BLIS ZLIB xxHash doctest Random123 benchmark; do
  echo "set(CMAKE_DISABLE_FIND_PACKAGE_$package TRUE)"
done >"$work/machine.cmake"
echo 'set(CMAKE_CXX_FLAGS_RELEASE -O0 CACHE STRING "")' >>"$work/machine.cmake"
printf '#!/bin/sh\nexec %s "$@" -O0\n' "$(command -v g++)" >"$work/bin/g++"
cat >"$work/bin/apt-get" <<'APT'
#!/bin/sh
[ "$1" = install ] || { echo "apt-get: given $1, expected install" >&2; exit 1; }
shift
for package; do
  case " $KNOWN_PACKAGES " in *" $package "*) ;; *) echo "apt-get: unknown package $package" >&2; exit 1 ;; esac
done
APT
chmod +x "$work/bin/"*
unset CMAKE_GENERATOR
export CMAKE_TOOLCHAIN_FILE=$work/machine.cmake HOME=$work/home PATH=$work/bin:$PATH KNOWN_PACKAGES="${test_packages[*]}"

if ! grep -q 'cmake --install' "$work/blocks/"*; then  # done by another page
  cmake -S "$work/dope" -B "$work/installed" -DDOPE_BUILD_PROGRAMS=OFF -DCMAKE_INSTALL_PREFIX="$HOME/dope" >"$work/said"
  cmake --install "$work/installed" >>"$work/said"
fi
for block in "$work/blocks/"*; do
  if [[ $block == *.sh ]]; then
    (cd "$work/dope" && bash -euo pipefail "$block") >"$work/said" 2>&1 || { cat "$block" "$work/said"; fail "a command fails"; }
    continue
  fi
  project=$work/engine/$(basename "$block" .cmake)
  mkdir "$project"
  ln -s "$work/dope" "$project/dope"
  printf '#include <dope/rope.hpp>\nint main() { return dope::native_frequencies({10000.0, 2, 2, 8}).omega.size() == 1 ? 0 : 1; }\n' >"$project/main.cpp"
  { printf 'cmake_minimum_required(VERSION 3.25)\nproject(your_project LANGUAGES CXX)\nadd_executable(your_engine main.cpp)\n'
    cat "$block"; } >"$project/CMakeLists.txt"
  { cmake -S "$project" -B "$project/build" -DCMAKE_PREFIX_PATH="$HOME/dope" -DFETCHCONTENT_SOURCE_DIR_DOPE="$work/dope" &&
    cmake --build "$project/build" && "$project/build/your_engine"; } >"$work/said" 2>&1 ||
    { cat "$block" "$work/said"; fail "a project fails"; }
done
