// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

namespace levels {

/// The targets that code is compiled for, lowest first: of x86-64 the micro-architecture levels of the System
/// V ABI, x86-64 (SSE2), x86-64-v3 (AVX2 and fused multiply-add), x86-64-v4 (AVX-512). Where a build makes no
/// levels (another processor, sanitizers), the first alone, named baseline.
enum class Level { baseline, v3, v4 };

/// The levels that this processor and its operating system run, lowest first.
[[nodiscard]] std::span<const Level> available_levels() noexcept;

/// x86-64, x86-64-v3, x86-64-v4; or baseline.
[[nodiscard]] std::string_view name_of(Level level) noexcept;

/// The level named `wanted`, the highest one where it is empty. Throws dope::Error for a name that is none,
/// or one of a level that is not available.
[[nodiscard]] Level level_named(std::string_view wanted);

/// level_named of the environment variable DOPE_LEVEL.
[[nodiscard]] Level chosen_level();

/// Makes the static objects of a level's code, once: they are not made when the program starts, since their
/// constructors are code of that level. To be called before anything else of the level is.
void start(Level level);

}  // namespace levels
