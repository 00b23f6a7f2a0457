// SPDX-License-Identifier: MIT
#include "dope/rope/scaling.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "rope/oracle_log.hpp"

namespace {

using dope::Frequencies;
using dope::RopeParameters;
using dope::Scaling;
using Real = long double;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Of the formulas in long double, where that is no wider than double: a rounded exponent, amplified by
/// ln(b') ≤ 40, and a handful of operations. What is documented is tested below, against 320 bits.
constexpr double tolerance = 64 * std::numeric_limits<double>::epsilon();
/// Of a ramp in long double: its weight γ subtracts nearly equal numbers, on which ω' depends by up to s − 1
/// times itself.
constexpr double ramp_tolerance = 1e-12;

Real native(const RopeParameters& rope, std::size_t band) {
  return std::exp(-2 * static_cast<Real>(band) / static_cast<Real>(rope.rotated_width) *
                  std::log(static_cast<Real>(rope.base)));
}

Real clamp(Real x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

double worst_relative(const Frequencies& got, const std::function<Real(std::size_t)>& expected) {
  double worst = 0;
  for (std::size_t band = 0; band < got.bands(); ++band) {
    const Real want = expected(band);
    const Real off =
        want == 0 ? std::abs(static_cast<Real>(got.omega[band])) : std::abs(got.omega[band] / want - 1);
    worst = std::max(worst, static_cast<double>(off));
  }
  return worst;
}

std::vector<RopeParameters> ropes() {
  std::vector<RopeParameters> all;
  for (const double base : {10000.0, 500000.0, 1e6}) {
    for (const std::size_t width : {2u, 4u, 6u, 10u, 64u, 90u, 96u, 128u, 250u, 256u}) {
      for (const std::size_t length : {512u, 2048u, 4096u, 8192u})
        all.push_back({base, width, width, length});
    }
  }
  return all;
}

RopeParameters llama2() { return {10000, 128, 128, 4096}; }

}  // namespace

TEST_CASE("Unscaled is the native table at every length") {
  for (const auto& rope : ropes()) {
    for (const std::size_t length : {std::size_t{1}, rope.training_length, 64 * rope.training_length}) {
      CHECK(dope::scaled_frequencies(rope, dope::Unscaled{}, length) == dope::native_frequencies(rope));
    }
  }
}

TEST_CASE("Linear: w / s") {
  for (const auto& rope : ropes()) {
    for (const double s : {1.0, 2.0, 3.7, 32.0}) {
      const auto got = dope::scaled_frequencies(rope, dope::Linear{s}, 1);
      CHECK(worst_relative(got, [&](std::size_t i) { return native(rope, i) / static_cast<Real>(s); }) <=
            tolerance);
      CHECK(got.attention_factor == 1.0);
    }
  }
}

TEST_CASE("StaticNtk: base b s^(d/(d-2)); the slowest band is slowed s-fold, the fastest not at all") {
  for (const auto& rope : ropes()) {
    for (const double s : {1.0, 2.0, 3.7, 32.0}) {
      const auto got = dope::scaled_frequencies(rope, dope::StaticNtk{s}, 1);
      const auto d = static_cast<Real>(rope.rotated_width);
      CHECK(got.omega.front() == 1.0);
      CHECK(got.attention_factor == 1.0);
      if (rope.rotated_width == 2) continue;
      const Real base = static_cast<Real>(rope.base) * std::pow(static_cast<Real>(s), d / (d - 2));
      CHECK(worst_relative(got, [&](std::size_t i) {
              return std::pow(base, -2 * static_cast<Real>(i) / d);
            }) <= tolerance);
      const Real slowest = native(rope, rope.bands() - 1) / static_cast<Real>(s);
      CHECK(static_cast<double>(std::abs(got.omega.back() / slowest - 1)) <= tolerance);
    }
  }
}

TEST_CASE("one rotated pair has w = 1 under any NTK base, in a head of any width") {
  for (const std::size_t width : {2u, 4u, 128u}) {
    const RopeParameters rope{10000.0, width, 2, 512};
    CHECK(dope::scaled_frequencies(rope, dope::StaticNtk{4}, 2048) == dope::native_frequencies(rope));
    CHECK(dope::scaled_frequencies(rope, dope::DynamicNtk{4}, 2048) == dope::native_frequencies(rope));
  }
}

TEST_CASE("DynamicNtk is the identity for l <= L, to the last bit, and follows its formula beyond") {
  for (const auto& rope : ropes()) {
    const std::size_t trained = rope.training_length;
    for (const double s : {1.0, 2.0, 8.0}) {
      for (const std::size_t length : {std::size_t{0}, std::size_t{1}, trained / 2, trained - 1, trained}) {
        CHECK(dope::scaled_frequencies(rope, dope::DynamicNtk{s}, length) == dope::native_frequencies(rope));
      }
      for (const std::size_t length : {trained + 1, 2 * trained, 3 * trained, 8 * trained}) {
        const auto got = dope::scaled_frequencies(rope, dope::DynamicNtk{s}, length);
        CHECK(got.attention_factor == 1.0);
        if (rope.rotated_width == 2) {
          CHECK(got.omega == std::vector<double>{1.0});
          continue;
        }
        const auto d = static_cast<Real>(rope.rotated_width);
        const Real stretch = static_cast<Real>(s) * static_cast<Real>(length) / static_cast<Real>(trained) -
                             (static_cast<Real>(s) - 1);
        const Real base = static_cast<Real>(rope.base) * std::pow(stretch, d / (d - 2));
        CHECK(worst_relative(got, [&](std::size_t i) {
                return std::pow(base, -2 * static_cast<Real>(i) / d);
              }) <= tolerance);
      }
    }
    CHECK(dope::scaled_frequencies(rope, dope::DynamicNtk{1}, 3 * trained) ==
          dope::scaled_frequencies(rope, dope::StaticNtk{3}, 1));
  }
}

namespace {

/// YaRN's ramp ends as the field's code takes them, from references: c(r) = d ln(L/(2πr)) / (2 ln b).
struct Ends {
  Real low;
  Real high;
};
Ends yarn_ends(const RopeParameters& rope, Real fast, Real slow, dope::RampEnds ends) {
  const auto d = static_cast<Real>(rope.rotated_width);
  const auto c = [&](Real turns) {
    return d * std::log(static_cast<Real>(rope.training_length) / (2 * std::numbers::pi_v<Real> * turns)) /
           (2 * std::log(static_cast<Real>(rope.base)));
  };
  const bool whole = ends == dope::RampEnds::whole_bands;
  const Real low = whole ? std::floor(c(fast)) : c(fast);
  const Real high = whole ? std::ceil(c(slow)) : c(slow);
  return {low > 0 ? low : 0, high < d - 1 ? high : d - 1};
}

}  // namespace

TEST_CASE("Yarn in code form: linear ramp over bands between the two ends, whole or fractional") {
  for (const auto& rope : ropes()) {
    for (const double s : {1.0, 4.0, 16.0}) {
      for (const auto& [fast, slow] : {std::pair(32.0, 1.0), std::pair(8.0, 2.0), std::pair(64.0, 0.5)}) {
        for (const auto ends : {dope::RampEnds::whole_bands, dope::RampEnds::fractional}) {
          dope::Yarn yarn;
          yarn.factor = s;
          yarn.beta_fast = fast;
          yarn.beta_slow = slow;
          yarn.ramp_ends = ends;
          const auto got = dope::scaled_frequencies(rope, yarn, 1);
          const Ends at = yarn_ends(rope, static_cast<Real>(fast), static_cast<Real>(slow), ends);
          const Real span = at.high - at.low > 0.001L ? at.high - at.low : 0.001L;
          const double worst = worst_relative(got, [&](std::size_t i) {
            const Real kept = 1 - clamp((static_cast<Real>(i) - at.low) / span);
            return (1 - kept) * native(rope, i) / static_cast<Real>(s) + kept * native(rope, i);
          });
          CHECK(worst <= ramp_tolerance * s);
        }
      }
    }
  }
}

TEST_CASE(
    "Yarn at base 10000, width 128, L = 4096, s = 4: bands to 20 keep, from 46 on are divided, factor "
    "1.13863") {
  const auto native_table = dope::native_frequencies(llama2());
  const auto yarn = dope::scaled_frequencies(llama2(), dope::Yarn{.factor = 4}, 1);
  for (std::size_t i = 0; i < 64; ++i) {
    CAPTURE(i);
    const double ratio = yarn.omega[i] / native_table.omega[i];
    if (i <= 20) CHECK(ratio == 1.0);
    if (i > 20 && i < 46) {
      const double divided = (static_cast<double>(i) - 20) / 26;
      CHECK(ratio == doctest::Approx(1 - 0.75 * divided).epsilon(1e-13));
    }
    if (i >= 46) CHECK(ratio == 0.25);
  }
  CHECK(yarn.attention_factor == doctest::Approx(1.1386294361119891).epsilon(1e-15));
  const auto fractional =
      dope::scaled_frequencies(llama2(), dope::Yarn{.factor = 4, .ramp_ends = dope::RampEnds::fractional}, 1);
  CHECK(fractional.omega[20] == native_table.omega[20]);
  CHECK(fractional.omega[21] < native_table.omega[21]);
  CHECK(fractional.omega[45] > native_table.omega[45] / 4);
  CHECK(fractional.omega[46] == native_table.omega[46] / 4);
  CHECK(fractional.omega[30] != yarn.omega[30]);
}

TEST_CASE("Yarn's upper end is held at d - 1, its lower at 0") {
  // At b = 10000, d = 128 and L = 2^30, c(1) = 131.6 > 127: with hi = 132 the ramp would be flatter.
  const RopeParameters far{10000, 128, 128, std::size_t{1} << 30};
  const auto native_table = dope::native_frequencies(far);
  const auto yarn = dope::scaled_frequencies(far, dope::Yarn{.factor = 4, .beta_fast = 1e6}, 1);
  const auto low =
      std::floor(128 * std::log(std::pow(2.0, 30) / (2 * std::numbers::pi * 1e6)) / (2 * std::log(1e4)));
  const double divided = (63 - low) / (127 - low);
  CHECK(yarn.omega[63] / native_table.omega[63] == doctest::Approx(1 - 0.75 * divided).epsilon(1e-12));
  const RopeParameters near{10000, 128, 128, 64};
  const auto clipped = dope::scaled_frequencies(near, dope::Yarn{.factor = 4}, 1);
  const double high = std::ceil(128 * std::log(64 / (2 * std::numbers::pi)) / (2 * std::log(1e4)));
  CHECK(clipped.omega[1] / dope::native_frequencies(near).omega[1] ==
        doctest::Approx(1 - 0.75 / high).epsilon(1e-12));
}

TEST_CASE("Yarn with lo = hi is a step, not a division by zero") {
  // L = 6 puts c(1) below 0, so both ends are clamped to 0 or below.
  const RopeParameters tiny{10000, 64, 64, 6};
  const auto native_table = dope::native_frequencies(tiny);
  const auto yarn = dope::scaled_frequencies(tiny, dope::Yarn{.factor = 4}, 1);
  CHECK(yarn.omega[0] == native_table.omega[0]);
  for (std::size_t i = 1; i < 32; ++i) CHECK(yarn.omega[i] == native_table.omega[i] / 4);
}

TEST_CASE("YarnPaper: ramp linear in turns per context, and another table than Yarn's") {
  for (const auto& rope : ropes()) {
    for (const double s : {1.0, 4.0, 16.0}) {
      const auto got = dope::scaled_frequencies(rope, dope::YarnPaper{.factor = s}, 1);
      const double worst = worst_relative(got, [&](std::size_t i) {
        const Real turns =
            static_cast<Real>(rope.training_length) * native(rope, i) / (2 * std::numbers::pi_v<Real>);
        const Real kept = clamp((turns - 1) / 31);
        return (1 - kept) * native(rope, i) / static_cast<Real>(s) + kept * native(rope, i);
      });
      CHECK(worst <= ramp_tolerance * s);
    }
  }
  for (const auto& [s, apart] : {std::pair(4.0, 1.7), std::pair(64.0, 5.1)}) {
    const auto code = dope::scaled_frequencies(llama2(), dope::Yarn{.factor = s}, 1);
    const auto paper = dope::scaled_frequencies(llama2(), dope::YarnPaper{.factor = s}, 1);
    double largest = 1;
    for (std::size_t i = 0; i < 64; ++i) largest = std::max(largest, code.omega[i] / paper.omega[i]);
    CHECK(std::abs(largest - apart) < 0.05);
    CHECK(code.attention_factor == paper.attention_factor);
  }
}

TEST_CASE_TEMPLATE("YaRN's attention factor: as given, else the quotient of both mscales, else m(s, 1)", Y,
                   dope::Yarn, dope::YarnPaper) {
  const auto factor_of = [](double s, std::optional<double> given, std::optional<double> mscale,
                            std::optional<double> all) {
    Y yarn;
    yarn.factor = s;
    yarn.attention_factor = given;
    yarn.mscale = mscale;
    yarn.mscale_all_dim = all;
    return dope::scaled_frequencies(llama2(), yarn, 1).attention_factor;
  };
  const double m1 = 0.1 * std::log(40.0) + 1;
  CHECK(factor_of(40, 0.7, 0.5, 2.0) == 0.7);
  CHECK(factor_of(40, {}, 0.707, 0.707) == 1.0);
  CHECK(factor_of(40, {}, 1.0, 0.5) == doctest::Approx(m1 / (0.05 * std::log(40.0) + 1)).epsilon(1e-15));
  CHECK(factor_of(40, {}, {}, {}) == doctest::Approx(m1).epsilon(1e-15));
  CHECK(factor_of(40, {}, 0.5, {}) == factor_of(40, {}, {}, {}));
  CHECK(factor_of(40, {}, {}, 0.5) == factor_of(40, {}, {}, {}));
  CHECK(factor_of(40, {}, 0.5, 0.0) == factor_of(40, {}, {}, {}));
  CHECK(factor_of(1, {}, {}, {}) == 1.0);
  CHECK(factor_of(1, {}, 2.0, 0.5) == 1.0);
  for (const double bad : {0.0, -1.0, infinity, not_a_number})
    CHECK_THROWS_AS(factor_of(40, bad, {}, {}), dope::Error);
}

TEST_CASE("yarn_mscale is 0.1 k ln s + 1 above s = 1, else 1") {
  CHECK(dope::yarn_mscale(4, 1) == doctest::Approx(1.1386294361119891).epsilon(1e-15));
  CHECK(dope::yarn_mscale(40, 0.707) == doctest::Approx(1 + 0.0707 * std::log(40.0)).epsilon(1e-15));
  CHECK(dope::yarn_mscale(1, 1) == 1.0);
  CHECK(dope::yarn_mscale(0.5, 1) == 1.0);
}

TEST_CASE("Llama3: smooth between the two wavelengths, divided beyond, kept before") {
  for (const auto& rope : ropes()) {
    for (const auto& llama : {dope::Llama3{}, dope::Llama3{32, 1, 4}, dope::Llama3{4, 0.5, 9}}) {
      const auto got = dope::scaled_frequencies(rope, llama, 1);
      const double worst = worst_relative(got, [&](std::size_t i) {
        const Real wavelength = 2 * std::numbers::pi_v<Real> / native(rope, i);
        const Real low = static_cast<Real>(llama.low_frequency_factor);
        const Real high = static_cast<Real>(llama.high_frequency_factor);
        const Real smooth =
            clamp((static_cast<Real>(rope.training_length) / wavelength - low) / (high - low));
        return (1 - smooth) * native(rope, i) / static_cast<Real>(llama.factor) + smooth * native(rope, i);
      });
      CHECK(worst <= ramp_tolerance * llama.factor);
      CHECK(got.attention_factor == 1.0);
    }
  }
}

TEST_CASE("Llama 3.1 8B: bands to 28 keep their frequency, from 35 on it is divided by 8") {
  const RopeParameters rope{500000, 128, 128, 8192};
  const auto native_table = dope::native_frequencies(rope);
  const auto scaled = dope::scaled_frequencies(rope, dope::Llama3{}, 131072);
  for (std::size_t i = 0; i < 64; ++i) {
    CAPTURE(i);
    const double ratio = scaled.omega[i] / native_table.omega[i];
    const double wavelength = 2 * std::numbers::pi * std::pow(500000.0, static_cast<double>(i) / 64);
    CHECK((wavelength < 2048) == (i <= 28));
    CHECK((wavelength > 8192) == (i >= 35));
    if (i <= 28) CHECK(ratio == 1.0);
    if (i > 28 && i < 35) {
      CHECK(ratio < 1.0);
      CHECK(ratio > 0.125);
    }
    if (i >= 35) CHECK(ratio == 0.125);
  }
}

TEST_CASE("ramps whose two ends are one: a step, and for Yarn the step between whole bands") {
  for (const auto& rope : ropes()) {
    for (const double s : {1.0, 8.0, 64.0}) {
      for (const double end : {0.5, 1.0, 4.0, 32.0}) {
        const auto step = [&](std::size_t i) {
          const Real omega = native(rope, i);
          const Real turns = static_cast<Real>(rope.training_length) * omega / (2 * std::numbers::pi_v<Real>);
          return turns >= static_cast<Real>(end) ? omega : omega / static_cast<Real>(s);
        };
        const auto llama3 = dope::scaled_frequencies(rope, dope::Llama3{s, end, end}, 1);
        CHECK(worst_relative(llama3, step) <= tolerance);
        const dope::YarnPaper paper{.factor = s, .beta_fast = end, .beta_slow = end};
        CHECK(worst_relative(dope::scaled_frequencies(rope, paper, 1), step) <= tolerance);

        // c(β) = d·ln(L/(2πβ))/(2 ln b): whole bands below it keep, from its ceiling on they are divided.
        const dope::Yarn yarn{.factor = s, .beta_fast = end, .beta_slow = end};
        const auto code = dope::scaled_frequencies(rope, yarn, 1);
        const auto ends =
            yarn_ends(rope, static_cast<Real>(end), static_cast<Real>(end), dope::RampEnds::whole_bands);
        CHECK(worst_relative(code, [&](std::size_t i) {
                const bool kept = static_cast<Real>(i) <= ends.low;
                return kept ? native(rope, i) : native(rope, i) / static_cast<Real>(s);
              }) <= tolerance);
      }
    }
  }
}

TEST_CASE("Llama 4 Scout's one wavelength, Kimi K2's one beta: whole bands, and which") {
  const RopeParameters scout{500000, 128, 128, 8192};
  const auto scout_native = dope::native_frequencies(scout);
  const auto llama = dope::scaled_frequencies(scout, dope::Llama3{16, 1, 1}, 1);
  // 2π·500000^(i/64) exceeds 8192 from i = 35 on.
  for (std::size_t i = 0; i < 64; ++i)
    CHECK(llama.omega[i] == (i < 35 ? scout_native.omega[i] : scout_native.omega[i] / 16));
  const RopeParameters kimi{50000, 64, 64, 4096};
  const auto kimi_native = dope::native_frequencies(kimi);
  const auto yarn =
      dope::scaled_frequencies(kimi, dope::Yarn{.factor = 32, .beta_fast = 1, .beta_slow = 1}, 1);
  // c(1) = 64·ln(4096/2π)/(2 ln 50000) = 19.16: bands to 19 keep, from 20 on they are divided.
  for (std::size_t i = 0; i < 32; ++i)
    CHECK(yarn.omega[i] == (i <= 19 ? kimi_native.omega[i] : kimi_native.omega[i] / 32));
}

TEST_CASE("LongRope: the long list only for l > L strictly, and one attention factor at every length") {
  for (const auto& rope : ropes()) {
    dope::LongRope longrope;
    for (std::size_t i = 0; i < rope.bands(); ++i) {
      longrope.short_factor.push_back(1 + 0.01 * static_cast<double>(i));
      longrope.long_factor.push_back(1 + static_cast<double>(i));
    }
    longrope.factor = 32;
    const std::size_t trained = rope.training_length;
    for (const std::size_t length : {std::size_t{1}, trained - 1, trained, trained + 1, 32 * trained}) {
      const auto& list = length > trained ? longrope.long_factor : longrope.short_factor;
      const auto got = dope::scaled_frequencies(rope, longrope, length);
      CHECK(worst_relative(got, [&](std::size_t i) {
              return native(rope, i) / static_cast<Real>(list[i]);
            }) <= tolerance);
      const double expected = std::sqrt(1 + std::log(32.0) / std::log(static_cast<double>(trained)));
      CHECK(got.attention_factor == doctest::Approx(expected).epsilon(1e-15));
    }
    longrope.factor = 1;
    CHECK(dope::scaled_frequencies(rope, longrope, 1).attention_factor == 1.0);
    longrope.attention_factor = 1.25;
    CHECK(dope::scaled_frequencies(rope, longrope, 1).attention_factor == 1.25);
  }
  // Phi-3-mini-128k: L = 4096, s = 131072/4096 = 32: sqrt(1 + 5/12).
  dope::LongRope phi{std::vector<double>(48, 1.0), std::vector<double>(48, 1.0), 32, {}};
  CHECK(dope::scaled_frequencies({10000, 96, 96, 4096}, phi, 1).attention_factor ==
        doctest::Approx(1.1902380714238083).epsilon(1e-15));
}

TEST_CASE("Proportional: the first floor(p d/2) bands are native, the rest still") {
  for (const auto& rope : ropes()) {
    const auto native_table = dope::native_frequencies(rope);
    for (const double p : {0.0, 0.1, 0.25, 0.5, 0.75, 0.999, 1.0}) {
      const auto got = dope::scaled_frequencies(rope, dope::Proportional{p}, 1);
      const auto turning = static_cast<std::size_t>(p * static_cast<double>(rope.rotated_width) / 2);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < rope.bands(); ++i) {
        wrong += got.omega[i] != (i < turning ? native_table.omega[i] : 0.0);
      }
      CHECK(wrong == 0);
    }
    CHECK(dope::scaled_frequencies(rope, dope::Proportional{1}, 1) == native_table);
  }
}

TEST_CASE("a factor of 1 is the identity, bit for bit") {
  const Scaling identities[] = {dope::Linear{1}, dope::StaticNtk{1}, dope::Yarn{.factor = 1},
                                dope::YarnPaper{.factor = 1}, dope::Llama3{.factor = 1}};
  for (const auto& rope : ropes()) {
    for (const Scaling& scaling : identities) {
      const auto got = dope::scaled_frequencies(rope, scaling, 3 * rope.training_length);
      CHECK(got == dope::native_frequencies(rope));
    }
  }
}

TEST_CASE("length matters to DynamicNtk and LongRope alone") {
  for (const Scaling& scaling :
       {Scaling(dope::Unscaled{}), Scaling(dope::Linear{4}), Scaling(dope::StaticNtk{4}),
        Scaling(dope::Yarn{.factor = 4}), Scaling(dope::YarnPaper{.factor = 4}), Scaling(dope::Llama3{}),
        Scaling(dope::Proportional{0.5})}) {
    const auto reference = dope::scaled_frequencies(llama2(), scaling, 1);
    for (const std::size_t length : {0u, 4096u, 4097u, 1048576u}) {
      CHECK(dope::scaled_frequencies(llama2(), scaling, length) == reference);
    }
  }
}

TEST_CASE("no scaling turns a band faster than native, and every frequency is finite and not negative") {
  const Scaling all[] = {dope::Unscaled{},    dope::Linear{8},         dope::StaticNtk{8},
                         dope::DynamicNtk{2}, dope::Yarn{.factor = 8}, dope::YarnPaper{.factor = 8},
                         dope::Llama3{},      dope::Proportional{0.3}};
  for (const auto& rope : ropes()) {
    const auto native_table = dope::native_frequencies(rope);
    for (const Scaling& scaling : all) {
      const auto got = dope::scaled_frequencies(rope, scaling, 8 * rope.training_length);
      std::size_t wrong = got.bands() != native_table.bands();
      for (std::size_t i = 0; i < got.bands(); ++i) {
        wrong += !(got.omega[i] >= 0) || !(got.omega[i] <= native_table.omega[i] * (1 + 1e-15));
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("each broken precondition of a scaling is an Error") {
  const auto refused = [](const Scaling& scaling) {
    CHECK_THROWS_AS((void)dope::scaled_frequencies(llama2(), scaling, 8192), dope::Error);
  };
  for (const double bad : {0.999, 0.0, -2.0, infinity, not_a_number}) {
    refused(dope::Linear{bad});
    refused(dope::StaticNtk{bad});
    refused(dope::DynamicNtk{bad});
    refused(dope::Yarn{.factor = bad});
    refused(dope::YarnPaper{.factor = bad});
    refused(dope::Llama3{.factor = bad});
  }
  for (const auto& [high, low] :
       {std::pair(0.0, 0.0), std::pair(1.0, 2.0), std::pair(32.0, 0.0), std::pair(32.0, -1.0),
        std::pair(infinity, 1.0), std::pair(not_a_number, 1.0), std::pair(32.0, not_a_number)}) {
    refused(dope::Yarn{.factor = 2, .beta_fast = high, .beta_slow = low});
    refused(dope::YarnPaper{.factor = 2, .beta_fast = high, .beta_slow = low});
    refused(dope::Llama3{8, low, high});
  }
  const std::vector<double> ones(64, 1.0);
  refused(dope::LongRope{{}, {}, 2, {}});
  refused(dope::LongRope{ones, std::vector<double>(63, 1.0), 2, {}});
  refused(dope::LongRope{std::vector<double>(65, 1.0), ones, 2, {}});
  for (const double bad : {0.0, -1.0, infinity, not_a_number}) {
    auto factors = ones;
    factors[63] = bad;
    refused(dope::LongRope{ones, factors, 2, {}});
    refused(dope::LongRope{ones, ones, bad, {}});
    refused(dope::LongRope{ones, ones, 2, bad});
    CHECK_THROWS_AS((void)dope::scaled_frequencies(llama2(), dope::LongRope{factors, ones, 2, {}}, 4096),
                    dope::Error);
  }
  CHECK_THROWS_AS((void)dope::scaled_frequencies({10000, 128, 128, 1}, dope::LongRope{ones, ones, 2, {}}, 8),
                  dope::Error);
  for (const double bad : {infinity, -infinity, not_a_number}) {
    refused(dope::Yarn{.factor = 2, .attention_factor = 1.0, .mscale = bad});
    refused(dope::Yarn{.factor = 2, .mscale_all_dim = bad});
    refused(dope::YarnPaper{.factor = 2, .mscale = 1.0, .mscale_all_dim = bad});
  }
  // m(s, k) = 0 or negative, so that the quotient is infinite or negative.
  refused(dope::Yarn{.factor = 40, .mscale = 1.0, .mscale_all_dim = -100.0});
  refused(dope::Yarn{.factor = 40, .mscale = -100.0, .mscale_all_dim = 1.0});
  refused(dope::LongRope{ones, ones, not_a_number, 1.0});
  CHECK_THROWS_AS(
      (void)dope::scaled_frequencies({10000, 128, 128, 4096},
                                     dope::LongRope{std::vector<double>(64, 1e-320), ones, 1, {}}, 1),
      dope::Error);
  for (const double bad : {-0.001, 1.001, infinity, not_a_number}) refused(dope::Proportional{bad});
  for (const Scaling& scaling : {Scaling(dope::StaticNtk{1e300}), Scaling(dope::StaticNtk{1e308})}) {
    CHECK_THROWS_AS((void)dope::scaled_frequencies({1e200, 128, 128, 4096}, scaling, 1), dope::Error);
  }
  CHECK_THROWS_AS((void)dope::scaled_frequencies({1, 128, 128, 4096}, dope::Unscaled{}, 1), dope::Error);
}

TEST_CASE("an NTK base is refused where b s^(d/(d-2)) overflows, and only there") {
  const dope::RopeParameters narrow{10000, 4, 4, 4096};  // the exponent is 2
  CHECK_THROWS_AS((void)dope::scaled_frequencies(narrow, dope::StaticNtk{1e153}, 1), dope::Error);
  const dope::Frequencies scaled = dope::scaled_frequencies(narrow, dope::StaticNtk{1e151}, 1);
  CHECK(scaled.omega[1] == doctest::Approx(1e-153).epsilon(1e-14));
}

TEST_CASE("a list of the wrong or of a bad value is refused whichever list the length selects") {
  const std::vector<double> ones(64, 1.0);
  auto bad = ones;
  bad[0] = 0;
  for (const std::size_t length : {1u, 4096u, 4097u}) {
    CHECK_THROWS_AS((void)dope::scaled_frequencies(llama2(), dope::LongRope{bad, ones, 2, {}}, length),
                    dope::Error);
    CHECK_THROWS_AS((void)dope::scaled_frequencies(llama2(), dope::LongRope{ones, bad, 2, {}}, length),
                    dope::Error);
  }
}

TEST_CASE("every scaling has its own name") {
  const Scaling all[] = {dope::Unscaled{},   dope::Linear{},   dope::StaticNtk{},
                         dope::DynamicNtk{}, dope::Yarn{},     dope::YarnPaper{},
                         dope::Llama3{},     dope::LongRope{}, dope::Proportional{}};
  const std::vector<std::string> names = {"unscaled",   "linear", "static_ntk", "dynamic_ntk", "yarn",
                                          "yarn_paper", "llama3", "longrope",   "proportional"};
  REQUIRE(std::size(all) == std::variant_size_v<Scaling>);
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(all[i].index() == i);
    CHECK(dope::name_of(all[i]) == names[i]);
  }
}

TEST_CASE(
    "equal ends are a step: bands that turn at least so often keep their frequency, the others are divided") {
  // Llama 4 Scout: low = high = 1; Kimi K2: beta_fast = beta_slow = 1.
  const RopeParameters rope{500000, 128, 128, 8192};
  const auto native_table = dope::native_frequencies(rope);
  const auto llama = dope::scaled_frequencies(rope, dope::Llama3{8, 1, 1}, 1);
  const auto paper = dope::scaled_frequencies(rope, dope::YarnPaper{.factor = 8, .beta_fast = 1}, 1);
  const auto code = dope::scaled_frequencies(rope, dope::Yarn{.factor = 8, .beta_fast = 1}, 1);
  const double end = 64 * std::log(8192 / (2 * std::numbers::pi)) / std::log(500000.0);
  for (std::size_t i = 0; i < 64; ++i) {
    CAPTURE(i);
    const bool turns = native_table.omega[i] * 8192 / (2 * std::numbers::pi) >= 1;
    CHECK(llama.omega[i] == native_table.omega[i] / (turns ? 1 : 8));
    CHECK(paper.omega[i] == llama.omega[i]);
    // Whole ends: the step lies between the two bands about the end.
    CHECK(code.omega[i] == native_table.omega[i] / (static_cast<double>(i) <= std::floor(end) ? 1 : 8));
  }
}

namespace {

using oracle::Fixed;

/// ω' of one band, from the formulas of the header, for scalings of at least 1.
struct Band {
  const RopeParameters& rope;
  std::size_t length;
  std::uint32_t band;
  const Fixed& log_of_base;

  Fixed width() const { return oracle::integer(rope.rotated_width); }
  Fixed trained() const { return oracle::integer(rope.training_length); }
  Fixed omega() const {
    return oracle::exp_of_minus(oracle::over(oracle::times(oracle::integer(2 * band), log_of_base),
                                             static_cast<std::uint32_t>(rope.rotated_width)));
  }
  Fixed mixed(double factor, const Fixed& divided) const {
    const Fixed share = oracle::quotient(divided, oracle::magnitude(factor));
    return oracle::times(omega(), oracle::plus(oracle::minus(oracle::integer(1), divided), share));
  }
  /// ω'_i = e^(−2i(ln b/d + ln t/(d − 2))).
  Fixed rebased(const Fixed& stretch) const {
    if (rope.rotated_width == 2) return omega();
    const auto d = static_cast<std::uint32_t>(rope.rotated_width);
    const Fixed per_band =
        oracle::plus(oracle::over(log_of_base, d), oracle::over(oracle::ln(stretch).magnitude, d - 2));
    return oracle::exp_of_minus(oracle::times(oracle::integer(2 * band), per_band));
  }
  Fixed divided_by_turns(double low, double high) const {
    const Fixed turns = oracle::quotient(oracle::times(trained(), omega()), oracle::twice(oracle::pi()));
    const Fixed from = oracle::magnitude(low);
    const Fixed to = oracle::magnitude(high);
    if (turns < from) return oracle::integer(1);
    if (!(turns < to)) return Fixed{};
    return oracle::minus(oracle::integer(1),
                         oracle::quotient(oracle::minus(turns, from), oracle::minus(to, from)));
  }
  /// max(0, c(r)).
  Fixed end(double turns) const {
    const auto ratio = oracle::ln(
        oracle::quotient(trained(), oracle::times(oracle::twice(oracle::pi()), oracle::magnitude(turns))));
    if (ratio.negative) return Fixed{};
    return oracle::quotient(oracle::times(width(), ratio.magnitude), oracle::twice(log_of_base));
  }

  Fixed operator()(const dope::Unscaled&) const { return omega(); }
  Fixed operator()(const dope::Linear& s) const {
    return oracle::quotient(omega(), oracle::magnitude(s.factor));
  }
  Fixed operator()(const dope::StaticNtk& s) const { return rebased(oracle::magnitude(s.factor)); }
  Fixed operator()(const dope::DynamicNtk& s) const {
    if (length <= rope.training_length) return omega();
    const Fixed all =
        oracle::quotient(oracle::times(oracle::magnitude(s.factor), oracle::integer(length)), trained());
    return rebased(oracle::minus(oracle::plus(all, oracle::integer(1)), oracle::magnitude(s.factor)));
  }
  Fixed operator()(const dope::Yarn& s) const {
    Fixed low = end(s.beta_fast);
    Fixed high = end(s.beta_slow);
    if (s.ramp_ends == dope::RampEnds::whole_bands) {
      low = oracle::floor_of(low);
      if (oracle::floor_of(high) != high) high = oracle::plus(oracle::floor_of(high), oracle::integer(1));
    }
    high = std::min(high, oracle::integer(rope.rotated_width - 1));
    Fixed span = oracle::magnitude(0.001);
    if (oracle::plus(low, span) < high) span = oracle::minus(high, low);
    const Fixed at = oracle::integer(band);
    if (!(low < at)) return mixed(s.factor, Fixed{});
    const Fixed beyond = oracle::minus(at, low);
    return mixed(s.factor, beyond < span ? oracle::quotient(beyond, span) : oracle::integer(1));
  }
  Fixed operator()(const dope::YarnPaper& s) const {
    return mixed(s.factor, divided_by_turns(s.beta_slow, s.beta_fast));
  }
  Fixed operator()(const dope::Llama3& s) const {
    return mixed(s.factor, divided_by_turns(s.low_frequency_factor, s.high_frequency_factor));
  }
  Fixed operator()(const dope::LongRope& s) const {
    const auto& factors = length > rope.training_length ? s.long_factor : s.short_factor;
    return oracle::quotient(omega(), oracle::magnitude(factors[band]));
  }
  Fixed operator()(const dope::Proportional& s) const {
    return static_cast<double>(band) < std::floor(s.fraction * static_cast<double>(rope.bands())) ? omega()
                                                                                                  : Fixed{};
  }
};

Fixed mscale(double factor, double k) {
  return oracle::plus(
      oracle::integer(1),
      oracle::over(oracle::times(oracle::magnitude(k), oracle::ln(oracle::magnitude(factor)).magnitude), 10));
}

struct Attention {
  const RopeParameters& rope;

  Fixed operator()(const auto&) const { return oracle::integer(1); }
  Fixed operator()(const dope::Yarn& s) const { return yarn(s); }
  Fixed operator()(const dope::YarnPaper& s) const { return yarn(s); }
  Fixed yarn(const auto& s) const {
    return s.mscale ? oracle::quotient(mscale(s.factor, *s.mscale), mscale(s.factor, *s.mscale_all_dim))
                    : mscale(s.factor, 1);
  }
  Fixed operator()(const dope::LongRope& s) const {
    return oracle::root(oracle::plus(
        oracle::integer(1), oracle::quotient(oracle::ln(oracle::magnitude(s.factor)).magnitude,
                                             oracle::ln(oracle::integer(rope.training_length)).magnitude)));
  }
};

/// Realistic parameters where i is even, else any: s to 10⁶, lengths to 2⁵³, and the ramp's lower end or the
/// request's end put just beyond a band or the training length, where the formula subtracts nearly equal
/// numbers.
struct Draw {
  std::mt19937_64 random{5};

  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(random() >> 11) * 0x1p-53;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random() % n); }
  double power_of_10(double low, double high) { return std::pow(10.0, between(low, high)); }

  RopeParameters rope(bool realistic) {
    constexpr double bases[] = {1e4, 150000, 5e5, 1e6, 1e7};
    constexpr std::size_t widths[] = {64, 80, 96, 128};
    constexpr std::size_t lengths[] = {2048, 4096, 8192, 32768, 131072};
    RopeParameters rope{bases[below(5)], 512, widths[below(4)], lengths[below(5)]};
    if (!realistic) {
      rope.base = power_of_10(2, 8);
      rope.rotated_width = 2 * (1 + below(below(10) == 0 ? 256 : 64));
      rope.training_length =
          static_cast<std::size_t>(std::ldexp(between(1, 2), 1 + static_cast<int>(below(52))));
    }
    return rope;
  }

  Scaling scaling(std::size_t kind, const RopeParameters& rope, bool realistic) {
    constexpr double factors[] = {2, 4, 8, 16, 32, 40, 64, 128};
    const double s = realistic ? factors[below(8)] : power_of_10(below(3) == 0 ? -9 : 0, 6) + 1;
    const std::size_t band = below(rope.bands());
    double slow = realistic ? 1 : between(0.01, 40);
    if (!realistic && below(2) == 0) {
      const double turns =
          static_cast<double>(rope.training_length) / (2 * std::numbers::pi) *
          std::pow(rope.base, -2 * static_cast<double>(band) / static_cast<double>(rope.rotated_width));
      slow = turns * (1 - power_of_10(-14, -3));
    }
    const double fast = slow * (realistic ? 32 : 1 + power_of_10(-5, 2));
    std::optional<double> one;
    std::optional<double> other;
    if (below(2) == 0) {
      one = between(0.1, 2);
      other = between(0.1, 2);
    }
    const auto list = [&](double most) {
      std::vector<double> factors_of(rope.bands());
      for (double& factor : factors_of) factor = between(0.5, most);
      return factors_of;
    };
    switch (kind) {
      case 0:
        return dope::Unscaled{};
      case 1:
        return dope::Linear{s};
      case 2:
        return dope::StaticNtk{s};
      case 3:
        return dope::DynamicNtk{s};
      case 4:
        return dope::Yarn{
            s,  fast, slow, below(2) == 0 ? dope::RampEnds::whole_bands : dope::RampEnds::fractional,
            {}, one,  other};
      case 5:
        return dope::YarnPaper{s, fast, slow, {}, one, other};
      case 6:
        return dope::Llama3{s, slow, fast};
      case 7:
        return dope::LongRope{list(8), list(100), s, {}};
      default:
        return dope::Proportional{between(0, 1)};
    }
  }

  std::size_t length(const RopeParameters& rope) {
    return rope.training_length + (below(2) == 0 ? below(3) : below(8 * rope.training_length));
  }
};

}  // namespace

TEST_CASE(
    "every scaling, realistic and adversarial: frequencies and attention factor within frequency_ulps") {
  constexpr std::size_t kinds = std::variant_size_v<Scaling>;
  Draw draw;
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    double worst = 0;
    for (int i = 0; i < 24; ++i) {
      const bool realistic = i % 3 == 0;
      const RopeParameters rope = draw.rope(realistic);
      const Scaling scaling = draw.scaling(kind, rope, realistic);
      REQUIRE(scaling.index() == kind);
      const std::size_t length = draw.length(rope);
      const auto got = dope::scaled_frequencies(rope, scaling, length);
      const Fixed log_of_base = oracle::ln(oracle::magnitude(rope.base)).magnitude;
      for (std::uint32_t band = 0; band < rope.bands(); ++band) {
        const Fixed exact = std::visit(Band{rope, length, band, log_of_base}, scaling);
        worst = std::max(worst, oracle::ulps(got.omega[band], {exact, false}, 53));
      }
      const Fixed attention = std::visit(Attention{rope}, scaling);
      worst = std::max(worst, oracle::ulps(got.attention_factor, {attention, false}, 53));
    }
    CAPTURE(kind);
    CHECK(worst <= dope::frequency_ulps);
  }
}
