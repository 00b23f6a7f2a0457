// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "dope/rope/frequencies.hpp"
#include "dope/rope/rotate.hpp"
#include "dope/rope/table.hpp"
#include "rope/support.hpp"

// The memory of rotation: what is read and written through views, which row rotates which token, and
// that a refused call writes nothing. tests/rope/rotate.cpp has the algebra.

#define ALL_SCALARS float, double, dope::float16, dope::bfloat16

namespace {

using dope::Pairing;
using dope::RotationTable;
using support::different_bits;
using support::random_values;

constexpr Pairing pairings[] = {Pairing::interleaved, Pairing::half_split};
constexpr std::size_t widths[] = {2,  4,  6,  10, 14,  16,  18,  30,  32,  34, 62,
                                  64, 66, 90, 96, 126, 128, 130, 250, 254, 256};

template <class T>
using Table = RotationTable<dope::compute_t<T>>;

template <class T>
using View = dope::TableFor<T>;

dope::Frequencies native(std::size_t width, double base = 10000) {
  return dope::native_frequencies({base, width, width, 4096});
}

/// One row rotated by one row of a table, dense: what every view must reproduce bit for bit.
template <class T>
void rotate_alone(T* row, std::size_t width, const View<T>& table, std::size_t table_row, Pairing pairing) {
  dope::rotate(dope::dense_head(row, 1, width), table.slice(table_row, 1), pairing);
}

template <class T>
void rotate_back_alone(T* row, std::size_t width, const View<T>& table, std::size_t table_row,
                       Pairing pairing) {
  dope::rotate_adjoint(dope::dense_head(row, 1, width), table.slice(table_row, 1), pairing);
}

/// Heads over memory with gaps: `lead` elements before and after, `gap` after each innermost row and
/// `outer_gap` after each outer group.
struct Layout {
  bool tokens_outermost;
  std::size_t lead, gap, outer_gap;
};

template <class T>
struct Field {
  std::vector<T> memory;
  dope::HeadsView<T> heads;
};

template <class T>
Field<T> field_of(const Layout& layout, std::size_t tokens, std::size_t heads, std::size_t width) {
  const std::size_t inner_count = layout.tokens_outermost ? heads : tokens;
  const std::size_t outer_count = layout.tokens_outermost ? tokens : heads;
  const std::size_t inner = width + layout.gap;
  const std::size_t outer = inner * inner_count + layout.outer_gap;
  Field<T> field{random_values<T>(2 * layout.lead + outer * outer_count, width + layout.gap), {}};
  field.heads = {
      field.memory.data() + layout.lead,      tokens, heads, width, layout.tokens_outermost ? outer : inner,
      layout.tokens_outermost ? inner : outer};
  return field;
}

constexpr Layout layouts[] = {{true, 0, 0, 0},  {false, 0, 0, 0},  {true, 3, 1, 0},  {false, 3, 1, 0},
                              {true, 7, 5, 13}, {false, 7, 5, 13}, {true, 1, 0, 64}, {false, 1, 0, 64}};

}  // namespace

TEST_CASE_TEMPLATE(
    "strided heads: every row rotates as it would alone, and no byte around or between rows changes", T,
    ALL_SCALARS) {
  constexpr std::size_t tokens = 3;
  constexpr std::size_t heads = 2;
  std::size_t wrong = 0;
  for (const std::size_t head_width : widths) {
    for (const std::size_t width : {head_width, (head_width / 4) * 2}) {
      if (width == 0) continue;
      const Table<T> table(native(width), 1048575, tokens);
      for (const Layout& layout : layouts) {
        for (const Pairing pairing : pairings) {
          const auto before = field_of<T>(layout, tokens, heads, head_width);
          const auto rotated = [&](auto&& call) {
            auto field = before;
            field.heads.data = field.memory.data() + layout.lead;
            call(field.heads);
            return field.memory;
          };
          const auto each_row = [&](auto&& rotate_row) {
            return rotated([&](dope::HeadsView<T> x) {
              for (std::size_t h = 0; h < heads; ++h) {
                for (std::size_t t = 0; t < tokens; ++t) rotate_row(x.head(h).row(t), t);
              }
            });
          };
          const auto forward =
              each_row([&](T* row, std::size_t t) { rotate_alone<T>(row, width, table.view(), t, pairing); });
          const auto backward = each_row(
              [&](T* row, std::size_t t) { rotate_back_alone<T>(row, width, table.view(), t, pairing); });
          const std::vector<View<T>> same(heads, table.view());
          wrong += different_bits(forward, rotated([&](auto x) { dope::rotate(x, table.view(), pairing); }));
          wrong += different_bits(forward, rotated([&](auto x) { dope::rotate(x, same, pairing); }));
          wrong += different_bits(forward, rotated([&](auto x) {
                                    for (std::size_t h = 0; h < heads; ++h)
                                      dope::rotate(x.head(h), table.view(), pairing);
                                  }));
          wrong += different_bits(backward,
                                  rotated([&](auto x) { dope::rotate_adjoint(x, table.view(), pairing); }));
          wrong += different_bits(backward, rotated([&](auto x) { dope::rotate_adjoint(x, same, pairing); }));
          wrong += different_bits(backward, rotated([&](auto x) {
                                    for (std::size_t h = 0; h < heads; ++h)
                                      dope::rotate_adjoint(x.head(h), table.view(), pairing);
                                  }));
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("channels at or past the rotated width pass through, and no guard channel changes", T,
                   ALL_SCALARS) {
  std::size_t wrong = 0;
  std::size_t unrotated = 0;
  for (std::size_t width = 2; width <= 256; width += 2) {
    const Table<T> table(native(width), 131071, 1);
    for (const std::size_t rest : {0u, 1u, 2u, 31u, 64u}) {
      const auto before = random_values<T>(width + rest, 7 * width + rest);
      for (const Pairing pairing : pairings) {
        auto after = before;
        dope::rotate(dope::dense_head(after.data(), 1, width + rest), table.view(), pairing);
        wrong += different_bits(after.data() + width, before.data() + width, rest);
        unrotated += different_bits(after.data(), before.data(), width) == 0;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(unrotated == 0);
}

TEST_CASE_TEMPLATE("a list of rows: token i rotates by row rows[i], in any order, with repeats, 32 or 64 bit",
                   T, ALL_SCALARS) {
  constexpr std::size_t rows = 19;
  std::mt19937_64 random(31);
  std::size_t wrong = 0;
  for (const std::size_t width : widths) {
    const Table<T> table(native(width), 1048560, rows);
    for (const std::size_t tokens : {0u, 1u, 7u, 40u}) {
      std::vector<std::int32_t> narrow(tokens);
      for (auto& row : narrow) row = static_cast<std::int32_t>(random() % rows);
      const std::vector<std::int64_t> wide(narrow.begin(), narrow.end());
      const auto before = random_values<T>(tokens * width, width + tokens);
      for (const Pairing pairing : pairings) {
        auto forward = before;
        auto backward = before;
        for (std::size_t t = 0; t < tokens; ++t) {
          rotate_alone<T>(forward.data() + t * width, width, table.view(),
                          static_cast<std::size_t>(narrow[t]), pairing);
          rotate_back_alone<T>(backward.data() + t * width, width, table.view(),
                               static_cast<std::size_t>(narrow[t]), pairing);
        }
        const auto check = [&](auto rows_of_tokens) {
          auto a = before;
          auto b = before;
          auto c = before;
          dope::rotate(dope::dense_head(a.data(), tokens, width), table.view(), rows_of_tokens, pairing);
          dope::rotate(dope::token_major(b.data(), tokens, 1, width), table.view(), rows_of_tokens, pairing);
          dope::rotate_adjoint(dope::dense_head(c.data(), tokens, width), table.view(), rows_of_tokens,
                               pairing);
          wrong += different_bits(a, forward) + different_bits(b, forward) + different_bits(c, backward);
        };
        check(std::span<const std::int32_t>(narrow));
        check(std::span<const std::int64_t>(wide));
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("a list of rows rotates all heads alike, in both layouts", T, ALL_SCALARS) {
  constexpr std::size_t tokens = 5;
  constexpr std::size_t heads = 3;
  const std::int32_t rows[] = {4, 0, 4, 9, 2};
  std::size_t wrong = 0;
  for (const std::size_t width : widths) {
    const Table<T> table(native(width), 131070, 10);
    for (const Layout& layout : layouts) {
      for (const Pairing pairing : pairings) {
        auto field = field_of<T>(layout, tokens, heads, width);
        auto expected = field;
        expected.heads.data = expected.memory.data() + layout.lead;
        dope::rotate(field.heads, table.view(), std::span<const std::int32_t>(rows), pairing);
        for (std::size_t h = 0; h < heads; ++h) {
          for (std::size_t t = 0; t < tokens; ++t) {
            rotate_alone<T>(expected.heads.head(h).row(t), width, table.view(),
                            static_cast<std::size_t>(rows[t]), pairing);
          }
        }
        wrong += different_bits(field.memory, expected.memory);
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("per-head tables: head h rotates by tables[h] alone, of its own width, rows and stride", T,
                   ALL_SCALARS) {
  constexpr std::size_t tokens = 4;
  constexpr std::size_t heads = 5;
  std::size_t wrong = 0;
  for (const std::size_t width : widths) {
    auto still = native(width);
    std::fill(still.omega.begin(), still.omega.end(), 0.0);
    auto by_parts = native(width);
    for (std::size_t f = width / 4; f < width / 2; ++f) by_parts.omega[f] = 0;
    const Table<T> tables[heads] = {Table<T>(native(width), 1000, tokens), Table<T>(still, 1000, tokens),
                                    Table<T>(by_parts, 1000, tokens), Table<T>(native(2), 77, tokens + 9),
                                    Table<T>(native(width, 500000), -1048576, tokens)};
    std::vector<View<T>> views;
    for (const auto& table : tables) views.push_back(table.view());
    for (const Layout& layout : layouts) {
      for (const Pairing pairing : pairings) {
        const auto before = field_of<T>(layout, tokens, heads, width);
        const auto check = [&](auto&& all_heads, auto&& alone) {
          auto field = before;
          field.heads.data = field.memory.data() + layout.lead;
          auto expected = before;
          expected.heads.data = expected.memory.data() + layout.lead;
          all_heads(field.heads);
          for (std::size_t h = 0; h < heads; ++h) {
            for (std::size_t t = 0; t < tokens; ++t) alone(expected.heads.head(h).row(t), h, t);
          }
          wrong += different_bits(field.memory, expected.memory);
          // The head whose frequencies are all 0 is unchanged.
          for (std::size_t t = 0; t < tokens; ++t) {
            const auto at = static_cast<std::size_t>(field.heads.head(1).row(t) - field.memory.data());
            wrong += different_bits(field.memory.data() + at, before.memory.data() + at, width);
          }
        };
        check(
            [&](auto x) { dope::rotate(x, views, pairing); },
            [&](T* row, std::size_t h, std::size_t t) { rotate_alone<T>(row, width, views[h], t, pairing); });
        check([&](auto x) { dope::rotate_adjoint(x, views, pairing); },
              [&](T* row, std::size_t h, std::size_t t) {
                rotate_back_alone<T>(row, width, views[h], t, pairing);
              });
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("heads of one table in a row, few, many and one, past a block of tokens", T, ALL_SCALARS) {
  constexpr std::size_t tokens = 67;
  constexpr std::size_t heads = 149;
  std::size_t wrong = 0;
  for (const std::size_t width : {std::size_t{16}, std::size_t{34}, std::size_t{64}, std::size_t{128}}) {
    const Table<T> plain(native(width), 1000, tokens);
    const Table<T> other(native(width, 500000), 1000, tokens);
    for (const std::size_t run : {std::size_t{1}, std::size_t{4}, std::size_t{9}, heads}) {
      std::vector<View<T>> views;
      for (std::size_t h = 0; h < heads; ++h) views.push_back(h / run % 2 == 0 ? plain.view() : other.view());
      for (const Layout& layout : {layouts[0], layouts[1]}) {
        for (const Pairing pairing : pairings) {
          auto field = field_of<T>(layout, tokens, heads, width);
          auto expected = field;
          expected.heads.data = expected.memory.data() + layout.lead;
          if (run == heads) {
            dope::rotate(field.heads, plain.view(), pairing);
          } else {
            dope::rotate(field.heads, views, pairing);
          }
          for (std::size_t h = 0; h < heads; ++h) {
            for (std::size_t t = 0; t < tokens; ++t)
              rotate_alone<T>(expected.heads.head(h).row(t), width, views[h], t, pairing);
          }
          wrong += different_bits(field.memory, expected.memory);
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("successive tables may differ in their cosines, their sines or their stride alone", T,
                   ALL_SCALARS) {
  constexpr std::size_t tokens = 5;
  std::size_t wrong = 0;
  for (const std::size_t width : widths) {
    const Table<T> one(native(width), 3, 2 * tokens);
    const Table<T> two(native(width, 500000), 3, 2 * tokens);
    auto other_sin = one.view();
    other_sin.sin = two.view().sin;
    auto other_cos = other_sin;
    other_cos.cos = two.view().cos;
    auto other_stride = other_cos;
    other_stride.stride *= 2;
    other_stride.rows = tokens;
    const std::vector<View<T>> views = {one.view(), other_sin, other_cos, other_stride, other_cos, other_cos};
    for (const Layout& layout : {layouts[0], layouts[1]}) {
      for (const Pairing pairing : pairings) {
        auto field = field_of<T>(layout, tokens, views.size(), width);
        auto expected = field;
        expected.heads.data = expected.memory.data() + layout.lead;
        dope::rotate(field.heads, views, pairing);
        for (std::size_t h = 0; h < views.size(); ++h) {
          for (std::size_t t = 0; t < tokens; ++t)
            rotate_alone<T>(expected.heads.head(h).row(t), width, views[h], t, pairing);
        }
        wrong += different_bits(field.memory, expected.memory);
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("out of place equals in place, leaves its source, and writes width channels a row", T,
                   ALL_SCALARS) {
  constexpr std::size_t tokens = 3;
  std::size_t wrong = 0;
  for (const std::size_t head_width : widths) {
    for (const std::size_t width : {head_width, (head_width / 4) * 2}) {
      if (width == 0) continue;
      const Table<T> table(native(width), 511, tokens);
      for (const Pairing pairing : pairings) {
        for (const auto& [from_gap, to_gap] :
             {std::pair<std::size_t, std::size_t>{0, 0}, {5, 0}, {0, 3}, {64, 1}}) {
          const std::size_t from_stride = head_width + from_gap;
          const std::size_t to_stride = head_width + to_gap;
          const auto source = random_values<T>(tokens * from_stride, head_width);
          const auto guard = random_values<T>(tokens * to_stride + 2, head_width + 1);
          auto untouched = source;
          auto target = guard;
          dope::rotate(dope::HeadView<const T>{untouched.data(), tokens, head_width, from_stride},
                       dope::HeadView<T>{target.data() + 1, tokens, head_width, to_stride}, table.view(),
                       pairing);
          wrong += different_bits(source, untouched);
          auto expected = guard;
          for (std::size_t t = 0; t < tokens; ++t) {
            std::copy_n(source.data() + t * from_stride, head_width, expected.data() + 1 + t * to_stride);
            rotate_alone<T>(expected.data() + 1 + t * to_stride, head_width, table.view(), t, pairing);
          }
          wrong += different_bits(expected, target);
          auto same = source;
          const dope::HeadView<T> head{same.data(), tokens, head_width, from_stride};
          dope::rotate(head, head, table.view(), pairing);
          auto in_place = source;
          dope::rotate(dope::HeadView<T>{in_place.data(), tokens, head_width, from_stride}, table.view(),
                       pairing);
          wrong += different_bits(same, in_place);
        }
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("a table over the caller's memory with any row stride rotates alike", T, ALL_SCALARS) {
  using C = dope::compute_t<T>;
  constexpr std::size_t tokens = 4;
  std::size_t wrong = 0;
  for (const std::size_t width : widths) {
    const std::int32_t positions[] = {3, 1048576, -9, 77};
    const auto frequencies = native(width);
    const Table<T> owned(frequencies, std::span<const std::int32_t>(positions));
    for (const std::size_t stride : {width / 2, width / 2 + 1, width + 13}) {
      std::vector<C> cos(tokens * stride, std::numeric_limits<C>::quiet_NaN());
      std::vector<C> sin(cos);
      dope::fill_table<C, std::int32_t>(frequencies.omega, 1.0, positions, dope::Angles::exact, cos.data(),
                                        sin.data(), stride);
      const View<T> view{cos.data(), sin.data(), tokens, width / 2, stride};
      for (const Pairing pairing : pairings) {
        auto a = random_values<T>(tokens * width, width);
        auto b = a;
        dope::rotate(dope::dense_head(a.data(), tokens, width), owned.view(), pairing);
        dope::rotate(dope::dense_head(b.data(), tokens, width), view, pairing);
        wrong += different_bits(a, b);
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE("a call whose shapes do not fit is an Error and writes nothing", T, ALL_SCALARS) {
  constexpr std::size_t width = 12;
  constexpr std::size_t tokens = 4;
  const auto before = random_values<T>(tokens * width * 2, 1);
  const Table<T> fits(native(width), 1, tokens);
  const Table<T> wide(native(width + 2), 1, tokens);
  const Table<T> brief(native(width), 1, tokens - 1);
  const auto refused = [&](auto&& call) {
    auto x = before;
    CHECK_THROWS_AS(call(x.data()), dope::Error);
    CHECK(different_bits(x, before) == 0);
  };
  const auto head = [](T* x) { return dope::dense_head(x, tokens, width); };
  const auto heads = [](T* x) { return dope::token_major(x, tokens, 2, width); };
  for (const Pairing pairing : pairings) {
    for (const Table<T>* bad : {&wide, &brief}) {
      const auto table = bad->view();
      const std::vector<View<T>> lists[] = {{fits.view(), table}, {table, fits.view()}, {table, table}};
      refused([&](T* x) { dope::rotate(head(x), table, pairing); });
      refused([&](T* x) { dope::rotate(heads(x), table, pairing); });
      for (const std::vector<View<T>>& tables : lists) {
        refused([&](T* x) { dope::rotate(heads(x), tables, pairing); });
        refused([&](T* x) { dope::rotate_adjoint(heads(x), tables, pairing); });
      }
      refused([&](T* x) { dope::rotate_adjoint(head(x), table, pairing); });
      refused([&](T* x) { dope::rotate_adjoint(heads(x), table, pairing); });
      refused([&](T* x) {
        dope::rotate(dope::HeadView<const T>(head(x)), dope::dense_head(x + tokens * width, tokens, width),
                     table, pairing);
      });
    }
    for (const std::size_t count : {0u, 1u, 3u}) {
      const std::vector<View<T>> tables(count, fits.view());
      refused([&](T* x) { dope::rotate(heads(x), tables, pairing); });
      refused([&](T* x) { dope::rotate_adjoint(heads(x), tables, pairing); });
    }
    for (const auto& [to_tokens, to_width] : {std::pair<std::size_t, std::size_t>{tokens - 1, width},
                                              {tokens, width - 2},
                                              {tokens - 1, width + 2}}) {
      refused([&, n = to_tokens, w = to_width](T* x) {
        dope::rotate(dope::HeadView<const T>(head(x)), dope::dense_head(x + tokens * width, n, w),
                     fits.view(), pairing);
      });
    }
  }
}

TEST_CASE_TEMPLATE("a row outside the table, or a list of another length, is an Error and writes nothing", T,
                   ALL_SCALARS) {
  constexpr std::size_t width = 6;
  const Table<T> table(native(width), 0, 8);
  const auto before = random_values<T>(4 * width, 2);
  const auto refused = [&](auto rows) {
    for (const Pairing pairing : pairings) {
      auto x = before;
      CHECK_THROWS_AS(dope::rotate(dope::dense_head(x.data(), 4, width), table.view(), rows, pairing),
                      dope::Error);
      CHECK_THROWS_AS(dope::rotate(dope::token_major(x.data(), 4, 1, width), table.view(), rows, pairing),
                      dope::Error);
      CHECK_THROWS_AS(dope::rotate_adjoint(dope::dense_head(x.data(), 4, width), table.view(), rows, pairing),
                      dope::Error);
      CHECK(different_bits(x, before) == 0);
    }
  };
  constexpr auto least = std::numeric_limits<std::int32_t>::min();
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  for (const std::int32_t bad : {8, -1, least, most}) {
    for (std::size_t at = 0; at < 4; ++at) {
      std::vector<std::int32_t> narrow = {7, 0, 3, 1};
      narrow[at] = bad;
      refused(std::span<const std::int32_t>(narrow));
      const std::vector<std::int64_t> wide(narrow.begin(), narrow.end());
      refused(std::span<const std::int64_t>(wide));
    }
  }
  const std::vector<std::int64_t> wraps = {0, 1, std::int64_t{1} << 32, 2};
  refused(std::span<const std::int64_t>(wraps));
  const std::vector<std::int32_t> five(5, 0);
  refused(std::span<const std::int32_t>(five));
  refused(std::span<const std::int32_t>(five).first(3));
}

TEST_CASE("an Error of rotate says what was given and what was expected") {
  std::vector<float> x(12);
  const RotationTable<float> table(native(6), 0, 3);
  const std::int32_t rows[] = {0, 3};
  try {
    dope::rotate(dope::dense_head(x.data(), 2, 6), table.view(), std::span<const std::int32_t>(rows),
                 Pairing::half_split);
    FAIL("no Error");
  } catch (const dope::Error& error) {
    CHECK(error.where() == "rotate");
    CHECK(error.given() == "row 3 for token 1");
    CHECK(error.expected() == "a row from 0 to 3 - 1");
  }
}

TEST_CASE_TEMPLATE("nothing to do is done: no tokens, no heads, no bands", T, ALL_SCALARS) {
  const auto before = random_values<T>(12, 3);
  auto x = before;
  const Table<T> table(native(6), 0, 2);
  const Table<T> bandless(dope::Frequencies{}, 0, 2);
  for (const Pairing pairing : pairings) {
    dope::rotate(dope::dense_head(x.data(), 0, 6), table.view(), pairing);
    dope::rotate(dope::token_major(x.data(), 2, 0, 6), table.view(), pairing);
    dope::rotate(dope::token_major(x.data(), 0, 2, 6), table.view(), pairing);
    dope::rotate(dope::dense_head(x.data(), 2, 6), bandless.view(), pairing);
    dope::rotate(dope::token_major(x.data(), 2, 1, 6), bandless.view(), pairing);
  }
  CHECK(different_bits(x, before) == 0);
}
