// SPDX-License-Identifier: MIT

// Compiled once per level (cmake/levels.cmake), each time for another target. Nothing but `dope_kernels`
// leaves the object: every inline function here is this level's own.

#include "levels/kernels.hpp"

#include <Eigen/Core>

#include "dope/rope/rotate.hpp"
#include "dope/spectral/gram.hpp"

namespace levels {
namespace {

template <dope::Scalar T>
void rotate(dope::HeadsView<T> x, dope::TableView<dope::compute_t<T>> table, dope::Pairing pairing) {
  dope::rotate(x, table, pairing);
}

template <dope::Scalar T>
void add_gram(dope::HeadView<const T> rows, double* sum) {
  dope::Gram gram(rows.width);
  gram.add(rows);
  const auto width = static_cast<Eigen::Index>(rows.width);
  Eigen::Map<Eigen::MatrixXd>(sum, width, width) += gram.matrix();
}

template <dope::Scalar T>
constexpr KernelsFor<T> kernels_for = {rotate<T>, add_gram<T>};

// [table]
constexpr Kernels table = {kernels_for<float>, kernels_for<double>, kernels_for<dope::float16>,
                           kernels_for<dope::bfloat16>};

}  // namespace
}  // namespace levels

extern "C" const levels::Kernels* dope_kernels() { return &levels::table; }
// [/table]
