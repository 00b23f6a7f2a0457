// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/table.hpp"
#include "levels/level.hpp"

// Rotation and Gram by functions that were compiled once per level. Only structs of pointers and sizes cross
// the boundary: no type whose layout depends on the target.

namespace levels {

/// The kernels for heads stored as T.
template <dope::Scalar T>
struct KernelsFor {
  /// dope::rotate.
  void (*rotate)(dope::HeadsView<T> x, dope::TableView<dope::compute_t<T>> table, dope::Pairing pairing);

  /// sum(i, j) += Σ_t x_ti·x_tj, dense [width, width]: the Σ of dope::Gram, Accumulation::float_blocks.
  void (*add_gram)(dope::HeadView<const T> rows, double* sum);
};

/// Laws and errors are those of dope::rotate and dope::Gram. dope::Error passes the boundary: its type is
/// known by its name, which the copies in all levels share.
struct Kernels {
  KernelsFor<float> of_float;
  KernelsFor<double> of_double;
  KernelsFor<dope::float16> of_float16;
  KernelsFor<dope::bfloat16> of_bfloat16;

  template <dope::Scalar T>
  [[nodiscard]] const KernelsFor<T>& of() const noexcept {
    if constexpr (std::same_as<T, float>) return of_float;
    if constexpr (std::same_as<T, double>) return of_double;
    if constexpr (std::same_as<T, dope::float16>) return of_float16;
    if constexpr (std::same_as<T, dope::bfloat16>) return of_bfloat16;
  }
};

/// Precondition: the level is available.
[[nodiscard]] const Kernels& kernels_at(Level level);

/// Those of chosen_level(), which is asked for once.
[[nodiscard]] const Kernels& kernels();

}  // namespace levels
