// SPDX-License-Identifier: MIT
#include "levels/level.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <mutex>

#include "dope/core/error.hpp"

#if defined(DOPE_LEVELS)
#include <cpuid.h>

// Where the linker put the pointers to the constructors of each level (cmake/levels.cmake); nowhere if a
// level has none.
extern "C" {
using Constructor = void (*)();
#define DOPE_CONSTRUCTORS(level)                                                                  \
  [[gnu::weak, gnu::visibility("hidden")]] extern const Constructor __start_dope_start_##level[]; \
  [[gnu::weak, gnu::visibility("hidden")]] extern const Constructor __stop_dope_start_##level[];
DOPE_CONSTRUCTORS(baseline)
DOPE_CONSTRUCTORS(v3)
DOPE_CONSTRUCTORS(v4)
#undef DOPE_CONSTRUCTORS
}
#endif

namespace levels {
namespace {

constexpr std::array all_levels = {Level::baseline, Level::v3, Level::v4};

#if defined(DOPE_LEVELS)
constexpr std::array<std::string_view, 3> names = {"x86-64", "x86-64-v3", "x86-64-v4"};

/// What compilers do not tell of: F16C, MOVBE and LZCNT.
bool has_rest_of_v3() noexcept {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_F16C) == 0 || (c & bit_MOVBE) == 0) return false;
  return __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 && (c & bit_LZCNT) != 0;
}

std::size_t count_of_levels() noexcept {
  // These ask the operating system too: whether it saves the wide registers.
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi") ||
      !__builtin_cpu_supports("bmi2") || !has_rest_of_v3()) {
    return 1;
  }
  const bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
  return v4 ? 3 : 2;
}

void construct(const Constructor* first, const Constructor* last) {
  for (; first != last; ++first) (*first)();
}
#else
constexpr std::array<std::string_view, 3> names = {"baseline", "", ""};

std::size_t count_of_levels() noexcept { return 1; }
#endif

}  // namespace

std::span<const Level> available_levels() noexcept {
  static const std::size_t count = count_of_levels();
  return {all_levels.data(), count};
}

std::string_view name_of(Level level) noexcept { return names[static_cast<std::size_t>(level)]; }

Level level_named(std::string_view wanted) {
  const auto available = available_levels();
  if (wanted.empty()) return available.back();
  std::string expected;
  for (const Level level : available) {
    if (wanted == name_of(level)) return level;
    expected += expected.empty() ? "" : ", ";
    expected += name_of(level);
  }
  throw dope::Error("DOPE_LEVEL", std::string(wanted), "a level that runs here: " + expected);
}

Level chosen_level() {
  const char* const wanted = std::getenv("DOPE_LEVEL");
  return level_named(wanted == nullptr ? "" : wanted);
}

void start([[maybe_unused]] Level level) {
#if defined(DOPE_LEVELS)
  static std::array<std::once_flag, all_levels.size()> started;
  std::call_once(started[static_cast<std::size_t>(level)], [level] {
    if (level == Level::baseline) construct(__start_dope_start_baseline, __stop_dope_start_baseline);
    if (level == Level::v3) construct(__start_dope_start_v3, __stop_dope_start_v3);
    if (level == Level::v4) construct(__start_dope_start_v4, __stop_dope_start_v4);
  });
#endif
}

}  // namespace levels
