// SPDX-License-Identifier: MIT
#include "dope/rope/rotate.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "dope/rope/frequencies.hpp"
#include "dope/rope/table.hpp"
#include "rope/support.hpp"

// The algebra of rotation. tests/rope/rotate_memory.cpp has the memory: views, strides, rows, errors.

#define ALL_SCALARS float, double, dope::float16, dope::bfloat16

namespace {

using dope::Pairing;
using dope::RotationTable;
using support::compute_unit;
using support::random_values;
using support::unit;

constexpr Pairing pairings[] = {Pairing::interleaved, Pairing::half_split};
constexpr std::int64_t far_positions[] = {1, 2, 511, 131071, 1048575, 1048576, -1048576};

template <class T>
using Table = RotationTable<dope::compute_t<T>>;

dope::Frequencies native(std::size_t width, double factor = 1) {
  auto frequencies = dope::native_frequencies({10000, width, width, 4096});
  frequencies.attention_factor = factor;
  return frequencies;
}

/// One vector, rotated by one position.
template <class T>
std::vector<T> rotated(std::vector<T> x, const dope::Frequencies& frequencies, std::int64_t position,
                       Pairing pairing) {
  const Table<T> table(frequencies, position, 1);
  dope::rotate(dope::dense_head(x.data(), 1, x.size()), table.view(), pairing);
  return x;
}

template <class T>
double norm(const std::vector<T>& x) {
  return std::sqrt(support::dot(x.data(), x.data(), x.size()));
}

/// The relative error of a rotation in the 2-norm: the table's c and s are off by one unit each at most,
/// hence the pair by √2; the arithmetic adds 2 units of |c x₁| + |s x₂| ≤ √2 |x| per channel, hence 4 per
/// pair; storage one more.
template <class T>
constexpr double rotation_error = 6 * compute_unit<T> + (unit<T> > compute_unit<T> ? unit<T> : 0);

}  // namespace

TEST_CASE_TEMPLATE(
    "rotate is y1 = c x1 - s x2, y2 = c x2 + s x1 within the documented error; the adjoint flips s", T,
    ALL_SCALARS) {
  std::mt19937_64 random(21);
  double worst = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const std::int64_t positions[] = {0, 1, -7, 4095, 131071, 1048576};
    const Table<T> table(native(width, 1.25), std::span<const std::int64_t>(positions));
    const auto view = table.view();
    const auto from = random_values<T>(6 * width, random());
    for (const Pairing pairing : pairings) {
      auto forward = from;
      auto adjoint = from;
      dope::rotate(dope::dense_head(forward.data(), 6, width), view, pairing);
      dope::rotate_adjoint(dope::dense_head(adjoint.data(), 6, width), view, pairing);
      for (std::size_t t = 0; t < 6; ++t) {
        for (std::size_t f = 0; f < width / 2; ++f) {
          const auto pair = dope::channels_of(pairing, f, width);
          const auto x1 = static_cast<long double>(from[t * width + pair.first]);
          const auto x2 = static_cast<long double>(from[t * width + pair.second]);
          const auto c = static_cast<long double>(view.cos[t * view.stride + f]);
          const auto s = static_cast<long double>(view.sin[t * view.stride + f]);
          const auto off = [&](T got, long double first, long double second) {
            const long double exact = first + second;
            const long double arithmetic = 2 * compute_unit<T> * (std::abs(first) + std::abs(second));
            // Storage rounds what the arithmetic yields; below its normal range by half the smallest step.
            const long double storage =
                unit<T> > compute_unit<T>
                    ? std::max<long double>(unit<T> * (std::abs(exact) + arithmetic), 0x1p-25L)
                    : 0;
            const long double error = std::abs(static_cast<long double>(got) - exact);
            worst = std::max(worst, static_cast<double>(error / (arithmetic + storage)));
          };
          off(forward[t * width + pair.first], c * x1, -s * x2);
          off(forward[t * width + pair.second], c * x2, s * x1);
          off(adjoint[t * width + pair.first], c * x1, s * x2);
          off(adjoint[t * width + pair.second], c * x2, -s * x1);
        }
      }
    }
  }
  CHECK(worst <= 1);
  CHECK(worst > 0.3);
}

namespace {

#if defined(__FMA__) || defined(__aarch64__)
constexpr bool target_fuses = true;
#else
constexpr bool target_fuses = false;
#endif

/// z ± x·y as the documentation rounds it; volatile keeps the compiler from contracting.
template <class C>
C joined(C z, C x, C y, C sign) {
  if (target_fuses) return std::fma(sign * x, y, z);
  volatile C product = sign * x * y;
  return z + product;
}

}  // namespace

TEST_CASE_TEMPLATE("the roundings are fixed: c x first, the other product fused onto it, bit for bit", T,
                   ALL_SCALARS) {
  using C = dope::compute_t<T>;
  std::size_t wrong = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const Table<T> table(native(width, 1.1), 1048571, 5);
    const auto view = table.view();
    const auto from = random_values<T>(5 * width, 9 * width);
    for (const Pairing pairing : pairings) {
      auto forward = from;
      auto adjoint = from;
      dope::rotate(dope::dense_head(forward.data(), 5, width), view, pairing);
      dope::rotate_adjoint(dope::dense_head(adjoint.data(), 5, width), view, pairing);
      for (std::size_t t = 0; t < 5; ++t) {
        for (std::size_t f = 0; f < width / 2; ++f) {
          const auto pair = dope::channels_of(pairing, f, width);
          const auto x1 = static_cast<C>(from[t * width + pair.first]);
          const auto x2 = static_cast<C>(from[t * width + pair.second]);
          const C c = view.cos[t * view.stride + f];
          const C s = view.sin[t * view.stride + f];
          volatile C first = c * x1;
          volatile C second = c * x2;
          const auto check = [&](const std::vector<T>& got, C sign) {
            const T y1(joined<C>(first, x2, s, -sign));
            const T y2(joined<C>(second, x1, s, sign));
            wrong += support::different_bits(&got[t * width + pair.first], &y1, 1);
            wrong += support::different_bits(&got[t * width + pair.second], &y2, 1);
          };
          check(forward, C(1));
          check(adjoint, C(-1));
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("the norm of a rotated vector is its norm times the attention factor", T, ALL_SCALARS) {
  double worst = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const auto x = random_values<T>(width, width);
    for (const double factor : {1.0, 1.1386294361119891, 0.5}) {
      const auto frequencies = native(width, factor);
      for (const Pairing pairing : pairings) {
        for (const std::int64_t m : far_positions) {
          const double ratio = norm(rotated(x, frequencies, m, pairing)) / (factor * norm(x));
          worst = std::max(worst, std::abs(ratio - 1));
        }
      }
    }
  }
  CHECK(worst <= rotation_error<T>);
}

TEST_CASE_TEMPLATE("the score of a query at m and a key at n depends on n - m only, at any offset", T,
                   ALL_SCALARS) {
  double worst = 0;
  for (const std::size_t width : {2u, 6u, 10u, 30u, 64u, 90u, 128u, 250u, 256u}) {
    const auto q = random_values<T>(width, 2 * width);
    const auto k = random_values<T>(width, 2 * width + 1);
    const double size = norm(q) * norm(k);
    const auto frequencies = native(width);
    for (const Pairing pairing : pairings) {
      for (const std::int64_t gap : {0, 1, 100, 8191, -4096}) {
        const auto score = [&](std::int64_t m) {
          const auto a = rotated(q, frequencies, m, pairing);
          const auto b = rotated(k, frequencies, m + gap, pairing);
          return support::dot(a.data(), b.data(), width);
        };
        const double near = score(0);
        for (const std::int64_t offset :
             {std::int64_t{1}, std::int64_t{-777}, std::int64_t{131071}, std::int64_t{1048576},
              std::int64_t{-1048576}, std::int64_t{1} << 40}) {
          worst = std::max(worst, std::abs(score(offset) - near) / size);
        }
      }
    }
  }
  // Two scores, each of two rotated vectors.
  CHECK(worst <= 4 * rotation_error<T>);
}

TEST_CASE_TEMPLATE("rotating by a and then by b is rotating by a + b", T, ALL_SCALARS) {
  double worst = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const auto x = random_values<T>(width, 3 * width);
    const auto frequencies = native(width);
    for (const Pairing pairing : pairings) {
      for (const auto& [a, b] : {std::pair<std::int64_t, std::int64_t>{1, 1},
                                 {131071, 917505},
                                 {1048576, -1048575},
                                 {-5, 3},
                                 {4096, 0}}) {
        const auto twice = rotated(rotated(x, frequencies, a, pairing), frequencies, b, pairing);
        const auto once = rotated(x, frequencies, a + b, pairing);
        double error = 0;
        for (std::size_t c = 0; c < width; ++c) {
          error = std::hypot(error, static_cast<double>(twice[c]) - static_cast<double>(once[c]));
        }
        worst = std::max(worst, error / norm(x));
      }
    }
  }
  CHECK(worst <= 3 * rotation_error<T> * (1 + rotation_error<T>));
}

TEST_CASE_TEMPLATE("R(-m) and the adjoint both undo R(m), where the attention factor is 1", T, ALL_SCALARS) {
  double worst = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const auto x = random_values<T>(width, 4 * width);
    const auto frequencies = native(width);
    for (const Pairing pairing : pairings) {
      for (const std::int64_t m : far_positions) {
        const auto there = rotated(x, frequencies, m, pairing);
        const auto back = rotated(there, frequencies, -m, pairing);
        auto undone = there;
        const Table<T> table(frequencies, m, 1);
        dope::rotate_adjoint(dope::dense_head(undone.data(), 1, width), table.view(), pairing);
        CHECK(support::different_bits(undone, back) == 0);
        double error = 0;
        for (std::size_t c = 0; c < width; ++c) {
          error = std::hypot(error, static_cast<double>(back[c]) - static_cast<double>(x[c]));
        }
        worst = std::max(worst, error / norm(x));
      }
    }
  }
  CHECK(worst <= 2 * rotation_error<T> * (1 + rotation_error<T>));
}

TEST_CASE_TEMPLATE("adjoint: <R x, y> = <x, R* y>, with an attention factor and unequal sines too", T,
                   ALL_SCALARS) {
  double worst = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const auto x = random_values<T>(width, 5 * width);
    const auto y = random_values<T>(width, 5 * width + 1);
    const auto frequencies = native(width, 1.5);
    for (const Pairing pairing : pairings) {
      for (const std::int64_t m : far_positions) {
        const Table<T> table(frequencies, m, 1);
        auto forward = x;
        auto adjoint = y;
        dope::rotate(dope::dense_head(forward.data(), 1, width), table.view(), pairing);
        dope::rotate_adjoint(dope::dense_head(adjoint.data(), 1, width), table.view(), pairing);
        const double left = support::dot(forward.data(), y.data(), width);
        const double right = support::dot(x.data(), adjoint.data(), width);
        worst = std::max(worst, std::abs(left - right) / (1.5 * norm(x) * norm(y)));
      }
    }
  }
  CHECK(worst <= 2 * rotation_error<T>);
}

TEST_CASE_TEMPLATE("interleaved and half_split agree bit for bit under half_split_channel", T, ALL_SCALARS) {
  std::size_t wrong = 0;
  for (std::size_t head_width = 2; head_width <= 256; head_width += 2) {
    for (const std::size_t width : {head_width, (head_width / 4) * 2}) {
      if (width == 0) continue;
      const Table<T> table(native(width, 1.1), 1048570, 5);
      const auto interleaved = random_values<T>(5 * head_width, head_width);
      std::vector<T> split(interleaved.size());
      const auto place = [&](std::size_t i) {
        return i / head_width * head_width + dope::half_split_channel(i % head_width, width);
      };
      for (std::size_t i = 0; i < split.size(); ++i) split[place(i)] = interleaved[i];
      for (const bool forward : {true, false}) {
        auto a = interleaved;
        auto b = split;
        const auto head_a = dope::dense_head(a.data(), 5, head_width);
        const auto head_b = dope::dense_head(b.data(), 5, head_width);
        if (forward) {
          dope::rotate(head_a, table.view(), Pairing::interleaved);
          dope::rotate(head_b, table.view(), Pairing::half_split);
        } else {
          dope::rotate_adjoint(head_a, table.view(), Pairing::interleaved);
          dope::rotate_adjoint(head_b, table.view(), Pairing::half_split);
        }
        for (std::size_t i = 0; i < a.size(); ++i) wrong += support::different_bits(&a[i], &b[place(i)], 1);
      }
    }
  }
  CHECK(wrong == 0);
}

namespace {

template <class T>
std::vector<T> awkward_values() {
  using C = dope::compute_t<T>;
  using Limits = std::numeric_limits<C>;
  std::vector<T> values;
  if constexpr (sizeof(T) == 2) {
    const unsigned infinity = std::same_as<T, dope::float16> ? 0x7c00u : 0x7f80u;
    for (const unsigned pattern :
         {0u, 1u, 2u, 3u, infinity - 1, infinity, 0x3c00u, 0x0400u, 0x03ffu, 0x0080u, 0x007fu}) {
      values.push_back(T::from_bits(static_cast<std::uint16_t>(pattern)));
      values.push_back(T::from_bits(static_cast<std::uint16_t>(pattern | 0x8000u)));
    }
  } else {
    for (const C x : {C(0), Limits::denorm_min(), 3 * Limits::denorm_min(), Limits::min(),
                      std::nextafter(Limits::min(), C(0)), Limits::max(), Limits::infinity(), C(1), C(0.3),
                      C(1) + Limits::epsilon()}) {
      values.push_back(x);
      values.push_back(-x);
    }
  }
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE(
    "w = 0 is a no-op to the last bit: zeros of both signs, denormals, infinities, any partner", T,
    ALL_SCALARS) {
  const auto awkward = awkward_values<T>();
  std::size_t wrong = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const dope::Frequencies still{std::vector<double>(width / 2, 0.0), 1.0};
    const std::int64_t positions[] = {0, 1, -1, 131071, 1048576, -1048576, std::int64_t{1} << 50};
    const Table<T> table(still, std::span<const std::int64_t>(positions));
    const Table<T> at_zero(native(width), 0, 1);
    std::vector<T> x(7 * width);
    std::size_t next = width;
    for (T& value : x) {
      value = awkward[next % awkward.size()];
      next = next * 5 + 3 + next / 7;
      next %= 1000003;
    }
    for (const Pairing pairing : pairings) {
      auto y = x;
      dope::rotate(dope::dense_head(y.data(), 7, width), table.view(), pairing);
      wrong += support::different_bits(x, y);
      dope::rotate_adjoint(dope::dense_head(y.data(), 7, width), table.view(), pairing);
      wrong += support::different_bits(x, y);
      dope::rotate(dope::dense_head(y.data(), 1, width), at_zero.view(), pairing);
      wrong += support::different_bits(x, y);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE(
    "a band with s = 0 beside others is a no-op to the last bit, and the others rotate as before", T,
    ALL_SCALARS) {
  const auto awkward = awkward_values<T>();
  std::size_t wrong = 0;
  std::size_t unrotated = 0;
  for (const std::size_t width : {4u, 6u, 10u, 32u, 34u, 64u, 66u, 90u, 128u, 250u, 256u}) {
    for (const Pairing pairing : pairings) {
      for (std::size_t still = 0; still < width / 2; ++still) {
        auto frequencies = native(width);
        const Table<T> all(frequencies, 131071, 1);
        frequencies.omega[still] = 0;
        const Table<T> table(frequencies, 131071, 1);
        const auto pair = dope::channels_of(pairing, still, width);
        auto x = random_values<T>(width, width + still);
        auto y = x;
        auto z = x;
        x[pair.first] = y[pair.first] = awkward[still % awkward.size()];
        x[pair.second] = y[pair.second] = awkward[(still * 7 + 5) % awkward.size()];
        dope::rotate(dope::dense_head(y.data(), 1, width), table.view(), pairing);
        dope::rotate(dope::dense_head(z.data(), 1, width), all.view(), pairing);
        for (std::size_t c = 0; c < width; ++c) {
          const bool is_still = c == pair.first || c == pair.second;
          wrong += support::different_bits(&y[c], is_still ? &x[c] : &z[c], 1);
          unrotated += !is_still && support::different_bits(&y[c], &x[c], 1) == 0 && sizeof(T) > 2;
        }
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(unrotated < 50);
}

TEST_CASE_TEMPLATE(
    "a rotation computed in two chunks, or one token at a time, is the rotation in one, bit for bit", T,
    ALL_SCALARS) {
  std::size_t wrong = 0;
  for (const std::size_t width : {2u, 6u, 34u, 64u, 90u, 128u, 250u}) {
    const auto frequencies = native(width);
    constexpr std::size_t tokens = 13;
    constexpr std::int64_t first = 1048560;
    const auto x = random_values<T>(tokens * width, width);
    for (const Pairing pairing : pairings) {
      auto whole = x;
      dope::rotate(dope::dense_head(whole.data(), tokens, width), Table<T>(frequencies, first, tokens).view(),
                   pairing);
      for (std::size_t cut = 0; cut <= tokens; ++cut) {
        auto parts = x;
        const auto head = dope::dense_head(parts.data(), tokens, width);
        dope::rotate(head.slice(0, cut), Table<T>(frequencies, first, cut).view(), pairing);
        dope::rotate(head.slice(cut, tokens - cut),
                     Table<T>(frequencies, first + static_cast<std::int64_t>(cut), tokens - cut).view(),
                     pairing);
        wrong += support::different_bits(whole, parts);
      }
      auto single = x;
      for (std::size_t t = 0; t < tokens; ++t) {
        const Table<T> row(frequencies, first + static_cast<std::int64_t>(t), 1);
        dope::rotate(dope::dense_head(single.data(), tokens, width).slice(t, 1), row.view(), pairing);
      }
      wrong += support::different_bits(whole, single);
    }
  }
  CHECK(wrong == 0);
}
