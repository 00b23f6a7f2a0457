// SPDX-License-Identifier: MIT
#include "turned.hpp"

#include <dope/rope.hpp>

template <class T>
std::array<double, 2> turned() {
  const dope::RotationTable<dope::compute_t<T>> table(dope::Frequencies{.omega = {1.0}}, 1, 1);
  std::array<T, 2> head = {T(3.0f), T(4.0f)};
  dope::rotate(dope::dense_head(head.data(), 1, 2), table.view(), dope::Pairing::interleaved);
  return {static_cast<double>(head[0]), static_cast<double>(head[1])};
}

template std::array<double, 2> turned<float>();
template std::array<double, 2> turned<double>();
template std::array<double, 2> turned<dope::float16>();
template std::array<double, 2> turned<dope::bfloat16>();
