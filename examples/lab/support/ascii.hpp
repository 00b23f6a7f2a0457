// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace lab {

/// ASCII case of the first letter, whatever the locale; other bytes stay.
[[nodiscard]] inline std::string with_lower_initial(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

[[nodiscard]] inline std::string with_upper_initial(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace lab
