// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "dope/core/scalar.hpp"
#include "dope/denoise/head.hpp"
#include "dope/denoise/transform.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/scaling.hpp"

namespace cases {

template <class F>
void for_each_scalar(F f) {
  f.template operator()<float>();
  f.template operator()<double>();
  f.template operator()<dope::float16>();
  f.template operator()<dope::bfloat16>();
}

inline constexpr dope::Pairing pairings[] = {dope::Pairing::interleaved, dope::Pairing::half_split};
inline constexpr dope::GqaPolicy policies[] = {dope::GqaPolicy::per_query_head,
                                               dope::GqaPolicy::per_key_group};

/// Uniform in [-1, 1), a function of the seed only.
template <dope::Scalar T>
std::vector<T> values(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<T> x(count);
  for (T& value : x) {
    value = static_cast<T>(static_cast<double>(static_cast<std::int64_t>(engine() >> 11) - (1LL << 52)) *
                           0x1p-52);
  }
  return x;
}

/// Equal to the last bit, signs of zeros and NaN payloads included.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Every reading of every transform that needs no calibration.
inline std::vector<dope::Transform> transforms() {
  using dope::ByAll, dope::ByGaussian, dope::ByParts;
  std::vector<dope::Transform> all;
  for (const auto threshold : {ByParts::Threshold::native, ByParts::Threshold::scaled}) {
    for (const auto reading : {ByParts::Reading::identity, ByParts::Reading::remove}) {
      all.push_back(ByParts{reading, threshold});
    }
  }
  for (const auto reading : {ByAll::Reading::identity, ByAll::Reading::remove}) all.push_back(ByAll{reading});
  for (const auto reading : {ByGaussian::Reading::replace, ByGaussian::Reading::modulate}) {
    all.push_back(ByGaussian{reading, ByGaussian::Spread::fixed, 0.75, 42});
  }
  return all;
}

/// Scalings with and without an attention factor.
inline std::vector<dope::Scaling> scalings() {
  dope::Yarn yarn;
  yarn.factor = 4.0;
  return {dope::Unscaled{}, dope::Linear{4.0}, dope::DynamicNtk{1.0}, yarn};
}

}  // namespace cases
