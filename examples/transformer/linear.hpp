// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "transformer/weights.hpp"

namespace reference {

/// y = x·Wᵀ + b, in float.
///
/// Shapes, all row-major and dense: x [tokens, W.columns], bias b [W.rows] or empty, y [tokens, W.rows]. Rows
/// are multiplied in fixed blocks by BLIS, blocks side by side with OpenMP; one row alone is a stream over W.
/// Law: y does not depend on the number of threads.
void linear(std::span<const float> x, const Matrix& weight, std::span<const float> bias, std::size_t tokens,
            std::span<float> y);

/// The BLIS sub-configuration that products run on, e.g. "skx".
///
/// BLIS 0.9 knows processors by family and runs `generic` code on those newer than itself, at a
/// fifth of their speed. The first product therefore names the sub-configuration by the
/// instructions at hand, unless BLIS_ARCH_TYPE in the environment names one already. That one is tried in a
/// process of its own first: dope::Error where BLIS does not know it, or the processor does not.
[[nodiscard]] std::string_view blis_architecture();

/// Both that results depend on to the last bits: BLIS's sub-configuration and the vectors that this library
/// was compiled for, e.g. "skx, avx512bw". Throws dope::Error as blis_architecture does.
[[nodiscard]] std::string kernels_in_force();

/// Throws dope::Error as blis_architecture does: for a program's start, before any thread.
void require_kernels();

}  // namespace reference
