// SPDX-License-Identifier: MIT
#pragma once

// Included before everything else where mutants are tried: says which of them is awake.

namespace dope_mutation {

inline constexpr int most = 4096;

extern int awake;                    // 0: none
extern unsigned char reached[most];  // by number: asked for since the test case began

inline bool asked(int number) noexcept {
  reached[number] = 1;
  return awake == number;
}

/// Whether this mutant is awake. In constant expressions none is.
constexpr bool on(int number) noexcept { return !__builtin_is_constant_evaluated() && asked(number); }

}  // namespace dope_mutation
