// SPDX-License-Identifier: MIT
// What one thread of a kernel of examples/port_cuda does, against the library.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "dope/denoise.hpp"
#include "dope/rope.hpp"
#include "dope/spectral/gram.hpp"
#include "port_cuda/engine.hpp"

namespace {

/// The library's type of the same bits.
template <class T>
struct Library {
  using Type = T;
};
template <>
struct Library<port::Half> {
  using Type = dope::float16;
};
template <>
struct Library<port::Brain> {
  using Type = dope::bfloat16;
};

double uniform(std::int64_t i) {
  return static_cast<double>(dope::noise_words({.position = i}, 0)[0]) * 0x1p-30 - 2.0;
}

template <class T>
std::vector<T> filled(std::size_t count, std::int64_t first = 0) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = port::narrow<T>(uniform(first + static_cast<std::int64_t>(i)));
  }
  return values;
}

template <class A, class B>
bool same_bytes(const std::vector<A>& a, const std::vector<B>& b) {
  static_assert(sizeof(A) == sizeof(B));
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(A)) == 0);
}

/// Threads in an order of its own: 7919 is prime, and coprime to every count here.
template <class Body>
void run(const Body& body) {
  const std::size_t threads = body.threads();
  REQUIRE(threads % 7919 != 0);
  for (std::size_t i = 0; i < threads; ++i) body(i * 7919 % threads);
}

template <class T>
std::vector<typename Library<T>::Type> library_copy(const std::vector<T>& values) {
  std::vector<typename Library<T>::Type> copy;
  for (const T& value : values) copy.push_back(std::bit_cast<typename Library<T>::Type>(value));
  return copy;
}

template <class T>
port::Bytes bytes_of(const std::vector<T>& values) {
  port::Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

constexpr std::int64_t positions[] = {
    0, 1, -1, 7, 4095, 131071, -131072, 1048575, std::int64_t{1} << 40, std::int64_t{1} << 53};

}  // namespace

TEST_CASE("16-bit values widen as the library's do, all 65536 of each") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const float half = port::widen(port::Half{low});
    const float brain = port::widen(port::Brain{low});
    if (std::isnan(half)) {
      CHECK(std::isnan(static_cast<float>(dope::float16::from_bits(low))));
    } else {
      CHECK(port::bits_of(half) == port::bits_of(static_cast<float>(dope::float16::from_bits(low))));
    }
    CHECK(port::bits_of(brain) == port::bits_of(static_cast<float>(dope::bfloat16::from_bits(low))));
  }
}

TEST_CASE("floats narrow as the library's do: every exponent, ties and their neighbours, infinities, NaN") {
  const auto check = [](std::uint32_t bits) {
    const float value = port::float_of(bits);
    if (std::isnan(value)) {
      CHECK(std::isnan(port::widen(port::narrow<port::Half>(value))));
      CHECK(std::isnan(port::widen(port::narrow<port::Brain>(value))));
    } else {
      REQUIRE(port::narrow<port::Half>(value).bits == dope::float16(value).bits);
      REQUIRE(port::narrow<port::Brain>(value).bits == dope::bfloat16(value).bits);
    }
  };
  for (std::uint32_t high = 0; high < 65536; ++high) {
    for (const std::uint32_t low : {0u, 1u, 0x0fffu, 0x1000u, 0x1001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      check((high << 16) | low);
    }
  }
}

TEST_CASE("doubles narrow once: beside every tie of float, and of 16 bits") {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    for (const double start :
         {static_cast<double>(static_cast<float>(dope::float16::from_bits(static_cast<std::uint16_t>(bits)))),
          static_cast<double>(port::float_of(bits << 16))}) {
      if (!std::isfinite(start)) continue;
      for (const double share : {0x1p-9, 0x1p-12, 0x1p-24}) {
        const double tie = start * (1.0 + share);
        for (const double value : {tie, std::nextafter(tie, 1e300), std::nextafter(tie, -1e300)}) {
          REQUIRE(port::narrow<port::Half>(value).bits == dope::float16(value).bits);
          REQUIRE(port::narrow<port::Brain>(value).bits == dope::bfloat16(value).bits);
        }
      }
    }
  }
  CHECK(port::narrow<port::Half>(65520.0).bits == 0x7c00);
  CHECK(port::narrow<port::Half>(std::nextafter(65520.0, 0.0)).bits == 0x7bff);
  CHECK(std::isnan(port::widen(port::narrow<port::Brain>(std::nan("")))));
}

TEST_CASE("exact angles: within 2^-51 of the library's at any position, and exactly (1, 0) at angle 0") {
  for (const double omega : {0.0, 0x1p-60, 1e-7, 0.8659643233600653, 1.0, 3.7, 1024.0, -0.25}) {
    const dope::detail::CosSinExact exact(omega);
    for (const std::int64_t m : positions) {
      const auto turn = port::exact_turn(m, omega);
      const auto expected = exact(m);
      CHECK(std::abs(turn.cos - expected.cos) <= 0x1p-51);
      CHECK(std::abs(turn.sin - expected.sin) <= 0x1p-51);
      if (static_cast<double>(m) * omega == 0.0) {
        CHECK(turn.cos == 1.0);
        CHECK(turn.sin == 0.0);
      }
    }
  }
}

TEST_CASE("a table: float entries within one rounding of the library's, both arithmetics") {
  const auto native = dope::native_frequencies(dope::RopeParameters{10000.0, 24, 20, 128}).omega;
  std::vector<double> omega(native);
  for (const double w : native) omega.push_back(w / 4.0);
  const std::vector<double> attention = {1.0, 1.25};
  const std::vector<std::int64_t> rows(std::begin(positions), std::end(positions) - 1);
  for (const auto angles : {port::Angles::exact, port::Angles::float32_product}) {
    std::vector<float> entries(2 * 2 * rows.size() * native.size());
    run(port::FillTable<float, std::int64_t>{rows.data(), omega.data(), attention.data(), entries.data(), 2,
                                             rows.size(), native.size(), angles});
    for (std::size_t table = 0; table < 2; ++table) {
      const dope::Frequencies frequencies{
          {omega.begin() + static_cast<std::ptrdiff_t>(table * native.size()),
           omega.begin() + static_cast<std::ptrdiff_t>((table + 1) * native.size())},
          attention[table]};
      const dope::RotationTable<float> expected(
          frequencies, std::span<const std::int64_t>(rows),
          angles == port::Angles::exact ? dope::Angles::exact : dope::Angles::float32_product);
      const float* mine = entries.data() + table * rows.size() * 2 * native.size();
      for (std::size_t i = 0; i < rows.size() * 2 * native.size(); ++i) {
        CHECK(std::abs(mine[i] - expected.view().cos[i]) <= 0x1p-23f);
      }
    }
  }
}

TEST_CASE_TEMPLATE("rotate: the library's bits, in both pairings and directions, strided and partial", T,
                   float, double, port::Half, port::Brain) {
  using C = port::Compute<T>;
  constexpr std::size_t tokens = 5, heads = 3, width = 13, bands = 5, stride = 17;
  for (const bool token_major : {true, false}) {
    const std::size_t token_stride = token_major ? heads * stride + 2 : stride;
    const std::size_t head_stride = token_major ? stride : tokens * stride + 2;
    for (const auto pairing : {port::Pairing::interleaved, port::Pairing::half_split}) {
      for (const auto direction : {port::Direction::forward, port::Direction::adjoint}) {
        auto entries = filled<C>(heads * tokens * 2 * bands, 9000);
        entries[bands] = C(0);  // a band that does not turn
        const auto x = filled<T>(400);
        auto expected = library_copy(x);
        std::vector<dope::TableFor<typename Library<T>::Type>> tables;
        for (std::size_t head = 0; head < heads; ++head) {
          const C* const cos = entries.data() + head * tokens * 2 * bands;
          tables.push_back({cos, cos + bands, tokens, bands, 2 * bands});
        }
        const dope::HeadsView<typename Library<T>::Type> view{expected.data(), tokens,       heads,
                                                              width,           token_stride, head_stride};
        const auto library_pairing =
            pairing == port::Pairing::interleaved ? dope::Pairing::interleaved : dope::Pairing::half_split;
        if (direction == port::Direction::forward) {
          dope::rotate(view, std::span<const dope::TableFor<typename Library<T>::Type>>(tables),
                       library_pairing);
        } else {
          dope::rotate_adjoint(view, std::span<const dope::TableFor<typename Library<T>::Type>>(tables),
                               library_pairing);
        }
        auto in_place = x;
        port::Rotate<T> body{in_place.data(), in_place.data(), entries.data(), heads,
                             tokens,          heads,           width,          bands,
                             token_stride,    head_stride,     pairing,        direction};
        run(body);
        CHECK(same_bytes(in_place, expected));
        // Out of place the guards are those of the target.
        auto target = x;
        for (std::size_t row = 0; row < tokens * heads; ++row) {
          T* const channels = target.data() + row / heads * token_stride + row % heads * head_stride;
          std::fill_n(channels, width, port::narrow<T>(77.0));
        }
        body.from = x.data();
        body.to = target.data();
        run(body);
        CHECK(same_bytes(target, expected));
      }
    }
  }
}

TEST_CASE("a band that does not turn keeps its bits: -0, infinities, NaN") {
  std::vector<float> x = {-0.0f, std::numeric_limits<float>::infinity(), std::nanf(""), -0.0f};
  const auto before = x;
  const std::vector<float> entries = {1.0f, 1.0f, 0.0f, 0.0f};
  run(port::Rotate<float>{x.data(), x.data(), entries.data(), 1, 1, 1, 4, 2, 4, 4, port::Pairing::interleaved,
                          port::Direction::forward});
  CHECK(same_bytes(x, before));
}

TEST_CASE("noise: the library's words, and its normals to a few ulp") {
  const std::vector<std::int64_t> rows(std::begin(positions), std::end(positions));
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{42}, 0xfedcba9876543210u}) {
    for (const std::uint32_t layer : {0u, 31u, 32767u}) {
      for (const std::uint32_t head : {0u, 5u, 65535u}) {
        for (const std::uint32_t side : {0u, 1u}) {
          constexpr std::size_t width = 10;
          std::vector<std::uint32_t> words(rows.size() * 12);
          std::vector<double> values(rows.size() * width);
          run(port::MakeNoise{
              rows.data(), words.data(), values.data(), rows.size(), width, {seed, layer, side}, head});
          for (std::size_t t = 0; t < rows.size(); ++t) {
            const dope::NoiseRow row{seed, layer, head, side == 0 ? dope::Side::query : dope::Side::key,
                                     rows[t]};
            std::vector<double> expected(width);
            dope::normal_row(row, expected);
            for (std::size_t c = 0; c < 12; ++c)
              CHECK(words[t * 12 + c] == dope::noise_words(row, c / 4)[c % 4]);
            for (std::size_t c = 0; c < width; ++c) {
              CHECK(std::abs(values[t * width + c] - expected[c]) <= 0x1p-49);
            }
          }
        }
      }
    }
  }
}

TEST_CASE_TEMPLATE("denoise: each transform on its heads, as the library has it", T, float, double,
                   port::Half, port::Brain) {
  using Stored = typename Library<T>::Type;
  using C = port::Compute<T>;
  const dope::AttentionShape shape{2, 4, 4, 14, 12};
  const dope::RopeParameters rope{10000.0, 14, 12, 64};
  constexpr std::size_t tokens = 6, heads = 4, width = 14, bands = 6;
  const std::vector<std::int64_t> rows = {0, 5, 6, 300, 70000, 131071};
  struct Way {
    dope::Transform transform;
    port::Finish finish;
  };
  using dope::ByAll, dope::ByGaussian, dope::ByParts;
  const std::vector<Way> ways = {
      {ByParts{ByParts::Reading::identity}, port::Finish::nothing},
      {ByParts{ByParts::Reading::remove}, port::Finish::remove_bands},
      {ByAll{ByAll::Reading::identity}, port::Finish::nothing},
      {ByAll{ByAll::Reading::remove}, port::Finish::remove_all},
      {ByGaussian{ByGaussian::Reading::replace, ByGaussian::Spread::fixed, 0.75, 7}, port::Finish::replace},
      {ByGaussian{ByGaussian::Reading::modulate, ByGaussian::Spread::fixed, 0.75, 7},
       port::Finish::modulate}};
  for (const auto pairing : {dope::Pairing::interleaved, dope::Pairing::half_split}) {
    for (const Way& way : ways) {
      const auto plan =
          dope::make_plan(shape, way.transform, dope::GqaPolicy::per_query_head, {{1, 0}, {1, 2}});
      const dope::PlannedRope<C> planned(plan, {rope, dope::DynamicNtk{}, 131072, pairing},
                                         std::span<const std::int64_t>(rows));
      std::vector<C> entries;
      for (const std::size_t head : {1u, 0u}) {
        const auto table = planned.table(1, dope::HeadRole::query, head);
        entries.insert(entries.end(), table.cos, table.cos + tokens * 2 * bands);
      }
      std::vector<std::uint8_t> removed(bands, 0);
      for (const std::size_t band : planned.removed_bands()) removed[band] = 1;
      std::vector<port::HeadPlan> plans;
      for (std::uint32_t head = 0; head < heads; ++head) {
        const bool chosen = head % 2 == 0;
        plans.push_back({chosen ? 1u : 0u, chosen ? way.finish : port::Finish::nothing, head, 0.75});
      }
      auto x = filled<T>(tokens * heads * width);
      auto expected = library_copy(x);
      planned.apply(1, dope::HeadRole::query, dope::token_major(expected.data(), tokens, heads, width), 0);
      run(port::Denoise<T>{
          x.data(),
          plans.data(),
          entries.data(),
          removed.data(),
          rows.data(),
          tokens,
          heads,
          width,
          bands,
          heads * width,
          width,
          pairing == dope::Pairing::interleaved ? port::Pairing::interleaved : port::Pairing::half_split,
          {7, 1, 0}});
      if (way.finish != port::Finish::modulate) {
        CHECK(same_bytes(x, expected));
        continue;
      }
      // Noise on the rotated row is rounded once here, and once before it there.
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto mine = static_cast<double>(port::widen(x[i]));
        const auto theirs = static_cast<double>(static_cast<dope::compute_t<Stored>>(expected[i]));
        constexpr double unit = sizeof(T) == 8 ? 0x1p-50 : sizeof(T) == 4 ? 0x1p-22 : 0x1p-7;
        CHECK(std::abs(mine - theirs) <= unit * std::abs(theirs));
      }
    }
  }
}

TEST_CASE_TEMPLATE("gram: the library's to double rounding, by every option and chunking", T, float, double,
                   port::Half, port::Brain) {
  constexpr std::size_t tokens = 37, width = 6;
  auto x = filled<T>(tokens * width);
  for (std::size_t c = 0; c < width; ++c) x[5 * width + c] = port::narrow<T>(0.0);
  const auto library = library_copy(x);
  const auto engine = port::make_host_engine();
  const auto element = sizeof(T) == 8                  ? port::Element::float64
                       : sizeof(T) == 4                ? port::Element::float32
                       : std::is_same_v<T, port::Half> ? port::Element::float16
                                                       : port::Element::bfloat16;
  for (const bool centred : {false, true}) {
    for (const bool unit : {false, true}) {
      const dope::GramOptions options{centred ? dope::Centring::token_mean : dope::Centring::none,
                                      unit ? dope::RowScaling::unit : dope::RowScaling::none,
                                      dope::Accumulation::double_blocks};
      const auto expected = dope::gram_of(dope::dense_head(library.data(), tokens, width), options).matrix();
      for (const auto& chunks : {std::vector<std::size_t>{37}, std::vector<std::size_t>{1, 30, 6}}) {
        const auto gram = engine->gram({element, bytes_of(x), width,
                                        centred ? port::Centring::token_mean : port::Centring::none,
                                        unit ? port::RowScaling::unit : port::RowScaling::none, chunks});
        for (std::size_t i = 0; i < width; ++i) {
          for (std::size_t j = 0; j < width; ++j) {
            const auto at = expected(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
            CHECK(std::abs(gram[i * width + j] - at) <= 0x1p-46 * expected.trace());
            CHECK(gram[i * width + j] == gram[j * width + i]);
          }
        }
      }
    }
  }
}

TEST_CASE(
    "gram: a row that equals the mean to rounding has no direction; sums keep small terms beside large") {
  const auto engine = port::make_host_engine();
  const std::vector<double> same = {3.1, -7.7, 3.1, -7.7, 3.1, -7.7};
  const auto still = engine->gram(
      {port::Element::float64, bytes_of(same), 2, port::Centring::token_mean, port::RowScaling::unit, {3}});
  CHECK(std::all_of(still.begin(), still.end(), [](double value) { return value == 0.0; }));
  const std::vector<double> apart = {0x1p30, 1.0, 1.0};
  const auto sum = engine->gram(
      {port::Element::float64, bytes_of(apart), 1, port::Centring::none, port::RowScaling::none, {3}});
  CHECK(sum[0] == 0x1p60 + 2.0);
}
