// SPDX-License-Identifier: MIT

// The kernels of every level that runs here, beside definitions in double and beside the headers as this
// file's own target compiles them.

#include "levels/kernels.hpp"

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/noise.hpp"
#include "dope/rope/rotate.hpp"
#include "dope/rope/table.hpp"
#include "dope/spectral/gram.hpp"

namespace {

constexpr std::size_t tokens = 300;  // a block of a Gram and a part of the next

template <dope::Scalar T>
std::vector<T> values(std::size_t count) {
  std::vector<T> x(count);
  for (std::size_t i = 0; i < count; ++i)
    x[i] = T(dope::normals({.position = static_cast<std::int64_t>(i)}, 0)[0]);
  return x;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// One rounding to T of a number near y, in units of y's own size.
template <dope::Scalar T>
double storage_rounding(double y) {
  if constexpr (std::same_as<T, dope::float16>) return std::ldexp(std::abs(y), -11) + 0x1p-25;
  if constexpr (std::same_as<T, dope::bfloat16>) return std::ldexp(std::abs(y), -8);
  return 0.0;
}

struct Shape {
  std::size_t heads, width;
  dope::Pairing pairing;
};

/// What fills registers of every level, and what leaves a rest in all of them.
const Shape shapes[] = {{1, 128, dope::Pairing::half_split}, {5, 64, dope::Pairing::half_split},
                        {3, 42, dope::Pairing::half_split},  {4, 128, dope::Pairing::interleaved},
                        {2, 64, dope::Pairing::interleaved}, {3, 42, dope::Pairing::interleaved}};

template <dope::Scalar T>
using Table = dope::RotationTable<dope::compute_t<T>>;

template <dope::Scalar T>
Table<T> table_of(const Shape& shape) {
  return {dope::native_frequencies({10000.0, shape.width, shape.width, 4096}), 0, tokens};
}

template <dope::Scalar T>
std::vector<T> rotated(levels::Level level, const Shape& shape) {
  auto x = values<T>(tokens * shape.heads * shape.width);
  levels::kernels_at(level).of<T>().rotate(dope::token_major(x.data(), tokens, shape.heads, shape.width),
                                           table_of<T>(shape).view(), shape.pairing);
  return x;
}

}  // namespace

TEST_CASE_TEMPLATE("rotation at every level errs as the header says it does", T, float, double, dope::float16,
                   dope::bfloat16) {
  using C = dope::compute_t<T>;
  // 2·ε·(|c·x₁| + |s·x₂|), ε = 2⁻²⁴ or 2⁻⁵³, and one rounding to storage.
  const long double epsilon = std::same_as<C, double> ? 0x1p-53L : 0x1p-24L;
  for (const levels::Level level : levels::available_levels()) {
    for (const Shape& shape : shapes) {
      const auto x = values<T>(tokens * shape.heads * shape.width);
      const auto y = rotated<T>(level, shape);
      const auto table = table_of<T>(shape);
      const auto view = table.view();
      double worst = 0.0;  // error by what is allowed
      for (std::size_t token = 0; token < tokens; ++token) {
        for (std::size_t head = 0; head < shape.heads; ++head) {
          const std::size_t row = (token * shape.heads + head) * shape.width;
          for (std::size_t band = 0; band < view.bands; ++band) {
            const auto [a, b] = dope::channels_of(shape.pairing, band, shape.width);
            const auto c = static_cast<long double>(view.cos[token * view.stride + band]);
            const auto s = static_cast<long double>(view.sin[token * view.stride + band]);
            const auto first = static_cast<long double>(static_cast<C>(x[row + a]));
            const auto second = static_cast<long double>(static_cast<C>(x[row + b]));
            const auto judge = [&](C given, long double expected, long double size) {
              const long double allowed =
                  2.0L * epsilon * size + storage_rounding<T>(static_cast<double>(expected));
              const long double error = std::abs(static_cast<long double>(given) - expected);
              if (error > 0.0L) worst = std::max(worst, static_cast<double>(error / allowed));
            };
            judge(static_cast<C>(y[row + a]), c * first - s * second,
                  std::abs(c * first) + std::abs(s * second));
            judge(static_cast<C>(y[row + b]), c * second + s * first,
                  std::abs(c * second) + std::abs(s * first));
          }
        }
      }
      CAPTURE(levels::name_of(level));
      CAPTURE(shape.width);
      // A second bound, of 16-bit storage: the sum of both roundings may pass half a spacing by a little.
      CHECK(worst <= 1.0 + (sizeof(T) == 2 ? 0x1p-10 : 0.0));
      CHECK(worst > 0.0);
    }
  }
}

TEST_CASE_TEMPLATE("levels with fused multiply-add rotate to the same bits, and to those of the header", T,
                   float, double, dope::float16, dope::bfloat16) {
  for (const Shape& shape : shapes) {
    auto own = values<T>(tokens * shape.heads * shape.width);
    dope::rotate(dope::token_major(own.data(), tokens, shape.heads, shape.width), table_of<T>(shape).view(),
                 shape.pairing);
    for (const levels::Level level : levels::available_levels()) {
#if defined(DOPE_LEVELS) && defined(__FMA__)
      if (level == levels::Level::baseline) continue;
#elif defined(DOPE_LEVELS)
      if (level != levels::Level::baseline) continue;
#endif
      CAPTURE(levels::name_of(level));
      CAPTURE(shape.width);
      CHECK(same_bits(rotated<T>(level, shape), own));
    }
#if defined(DOPE_LEVELS)
    if (levels::available_levels().size() == 3)
      CHECK(same_bits(rotated<T>(levels::Level::v3, shape), rotated<T>(levels::Level::v4, shape)));
#endif
  }
}

TEST_CASE_TEMPLATE("the Gram at every level errs as the header says it does, and is added", T, float, double,
                   dope::float16, dope::bfloat16) {
  // (n + 1)·2⁻²⁴ Σ|x_ti·x_tj| for a block of n ≤ 256 tokens; two roundings more where double becomes float.
  constexpr double bound = (256.0 + 3.0) * 0x1p-24;
  for (const std::size_t width : {std::size_t{128}, std::size_t{64}, std::size_t{42}}) {
    const auto x = values<T>(tokens * width);
    const auto at = [&](std::size_t token, std::size_t c) {
      return static_cast<double>(static_cast<dope::compute_t<T>>(x[token * width + c]));
    };
    for (const levels::Level level : levels::available_levels()) {
      CAPTURE(levels::name_of(level));
      CAPTURE(width);
      constexpr double before = 7.0;
      std::vector<double> sum(width * width, before);
      levels::kernels_at(level).of<T>().add_gram(dope::dense_head(x.data(), tokens, width), sum.data());
      double worst = 0.0;
      bool symmetric = true;
      for (std::size_t i = 0; i < width; ++i) {
        for (std::size_t j = 0; j < width; ++j) {
          double expected = 0.0;
          double size = 0.0;
          for (std::size_t token = 0; token < tokens; ++token) {
            expected += at(token, i) * at(token, j);
            size += std::abs(at(token, i) * at(token, j));
          }
          worst = std::max(worst, std::abs(sum[i * width + j] - before - expected) / (bound * size));
          symmetric = symmetric && sum[i * width + j] == sum[j * width + i];
        }
      }
      CHECK(worst <= 1.0);
      CHECK(symmetric);
    }
  }
}

TEST_CASE("a broken contract at any level is a dope::Error here") {
  for (const levels::Level level : levels::available_levels()) {
    CAPTURE(levels::name_of(level));
    const levels::Kernels& kernels = levels::kernels_at(level);
    std::vector<float> x(4 * 32, 1.0f);
    const auto heads = dope::token_major(x.data(), 4, 1, 32);
    const dope::RotationTable<float> short_table(dope::native_frequencies({10000.0, 32, 32, 512}), 0, 3);
    try {
      kernels.of_float.rotate(heads, short_table.view(), dope::Pairing::half_split);
      FAIL("four tokens turned by three rows");
    } catch (const dope::Error& error) {
      CHECK(error.where() == "rotate");
      CHECK(error.given() == "4 tokens for a table of 3 rows");
      CHECK(std::string(error.what()) ==
            "rotate: given 4 tokens for a table of 3 rows, expected at least one row per token");
    }
    CHECK(x == std::vector<float>(4 * 32, 1.0f));
    x[2 * 32 + 5] = std::numeric_limits<float>::quiet_NaN();
    std::vector<double> sum(32 * 32, 1.0);
    try {
      kernels.of_float.add_gram(heads.head(0), sum.data());
      FAIL("NaN was summed");
    } catch (const dope::Error& error) {
      CHECK(error.given() == "nan at token 2, channel 5");
    } catch (...) {
      FAIL("another type");
    }
    CHECK(sum == std::vector<double>(32 * 32, 1.0));
  }
}
