// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>

#include "transformer/stop.hpp"

namespace lab {

/// work(0) … work(count − 1), side by side with OpenMP, in no particular order.
///
/// The first exception stops what has not begun and is thrown again here; so does reference::stop_flag, with
/// Stopped.
template <class Work>
void for_each_in_parallel(std::size_t count, const Work& work) {
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < count; ++i) {
    bool stop = false;
#pragma omp critical(dope_lab_failure)
    stop = failure != nullptr;
    if (stop) continue;
    try {
      reference::stop_if_asked();
      work(i);
    } catch (...) {
#pragma omp critical(dope_lab_failure)
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lab
