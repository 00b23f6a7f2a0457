// SPDX-License-Identifier: MIT
#pragma once

#include <Eigen/Core>

#include "dope/core/compiler.hpp"

#if defined(EIGEN_NO_MALLOC)
#error "dope/spectral sizes its matrices at run time: compile this file without EIGEN_NO_MALLOC"
#include "dope/(the compilation ends here, see the error above)"
#endif

namespace dope {

/// Eigen::MatrixXd, column after column even under EIGEN_DEFAULT_TO_ROW_MAJOR: what is written through data()
/// stands where it is read. (Eigen's own vectors have one order under every setting.)
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

}  // namespace dope
