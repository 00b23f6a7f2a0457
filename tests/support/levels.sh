# shellcheck shell=bash disable=SC2034
# Sourced by scripts that run programs of other x86-64 levels and processors.

levels=(x86-64-v2 x86-64-v3 x86-64-v4)

# has_level LEVEL [EMULATOR...]: whether the processor, or the emulated one, has it, as the C library says.
has_level() {
  local level=$1
  shift
  [[ $("$@" /lib64/ld-linux-x86-64.so.2 --help 2>/dev/null) == *"$level (supported"* ]]
}

# runner_of LEVEL: what programs of this level run under, as words: nothing here, or an emulator. Status 1, and the
# reason, where neither has the level.
runner_of() {
  if has_level "$1"; then return; fi
  if has_level "$1" qemu-x86_64 -cpu max; then
    echo qemu-x86_64 -cpu max
  else
    echo "neither this processor nor qemu-x86_64 -cpu max has $1"
    return 1
  fi
}
