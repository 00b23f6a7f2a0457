// SPDX-License-Identifier: MIT

// What a whole program of several levels starts with (dope_add_program in cmake/levels.cmake): main of the
// level that DOPE_LEVEL names, or of the highest that runs here.

#include <cstdio>
#include <optional>

#include "dope/core/error.hpp"
#include "levels/level.hpp"

extern "C" {
int main_baseline(int count, char** arguments);
int main_v3(int count, char** arguments);
int main_v4(int count, char** arguments);
}

namespace {

std::optional<levels::Level> started_level() {
  try {
    const levels::Level level = levels::chosen_level();
    levels::start(level);
    return level;
  } catch (const dope::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return std::nullopt;
  }
}

}  // namespace

int main(int count, char** arguments) {
  const auto level = started_level();
  if (!level) return 1;
  if (*level == levels::Level::v4) return main_v4(count, arguments);
  if (*level == levels::Level::v3) return main_v3(count, arguments);
  return main_baseline(count, arguments);
}
