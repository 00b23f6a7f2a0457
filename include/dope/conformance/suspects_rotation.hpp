// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/cause.hpp"
#include "dope/conformance/imitate.hpp"
#include "dope/conformance/oracle_rotation.hpp"
#include "dope/conformance/suspects_frequencies.hpp"
#include "dope/core/alternatives.hpp"

// Wrong kernels, by what they return. A suspect is a cause and the output that a kernel with that
// mistake, and no other, gives for a task. Most are the oracle on an altered task; the others turn each
// row by habits of their own.

namespace dope::conformance {

namespace detail {

/// v rounded to the type, as a float kernel would hold it.
inline double in(Element element, double v) { return rounded_to(element, v); }

inline Turned turn_by(double angle) { return {std::cos(Real(angle)), std::sin(Real(angle))}; }

/// Multiplying (1, 0) by e^{iω}, m times, in float: the recurrence.
inline Turned recurrence_turn(std::int64_t position, double omega) {
  std::complex<float> z(1.0f, 0.0f);
  const std::complex<float> step(static_cast<float>(std::cos(omega)), static_cast<float>(std::sin(omega)));
  for (std::int64_t m = 0; m < std::min<std::int64_t>(std::abs(position), 1 << 11); ++m) z *= step;
  return {z.real(), position < 0 ? -z.imag() : z.imag()};
}

/// Toward zero, to the storage type.
inline double truncated_to(Element element, double value) {
  const double nearest = rounded_to(element, value);
  if (std::abs(nearest) <= std::abs(value)) return nearest;
  const double step = nearest * (element == Element::bfloat16 ? 0x1p-8 : 0x1p-11);
  return rounded_to(element, nearest - step);
}

class RotationSuspects {
 public:
  RotationSuspects(const RotateTask& task, std::span<const double> x, const Hearing& hearing)
      : task_(task), x_(x), hearing_(hearing) {}

  void call_all() {
    places();
    layouts();
    scalings();
    arithmetics();
  }

 private:
  template <class Alter>
  void altered(Cause cause, Alter alter) {
    if (closed_) return;
    RotateTask task = task_;
    alter(task);
    if (task.buffer_size() > x_.size()) return;
    add(cause, oracle::rotated_buffer(task, x_));
  }

  void habit(Cause cause, const Habits& habits) {
    if (!closed_) add(cause, imitate(task_, x_, habits));
  }

  void add(Cause cause, std::vector<double> y) {
    y.insert(y.end(), x_.begin() + static_cast<std::ptrdiff_t>(y.size()), x_.end());  // never written
    closed_ = closed_ || hearing_({cause, {std::move(y)}});
  }

  [[nodiscard]] Habits own() const {
    Habits habits;
    if (task_.angles == Angles::float32_product) habits.turn = oracle::float32_turn;
    return habits;
  }

  void places() {
    altered(Cause::sign_transposed, [](RotateTask& t) {
      t.direction = t.direction == Direction::forward ? Direction::adjoint : Direction::forward;
    });
    {
      const std::vector<double> once = oracle::rotated_buffer(task_, x_);
      add(Cause::rotated_twice, oracle::rotated_buffer(task_, once));
      altered(Cause::rotated_twice, [](RotateTask& t) {
        for (std::int64_t& m : t.positions) m *= 2;
      });
    }
    const auto at_position = [&](Cause cause, auto position) {
      altered(cause, [&](RotateTask& t) {
        std::size_t first = 0;
        std::size_t chunk = 0;
        for (std::size_t i = 0; i < t.positions.size(); ++i) {
          while (chunk < t.chunks.size() && i >= first + t.chunks[chunk]) first += t.chunks[chunk++];
          t.positions[i] = position(task_.positions[i], static_cast<std::int64_t>(i),
                                    static_cast<std::int64_t>(i - first));
        }
      });
    };
    using P = std::int64_t;
    at_position(Cause::position_is_slot, [](P, P slot, P) { return slot; });
    at_position(Cause::position_restarts_per_call, [](P, P, P index) { return index; });
    at_position(Cause::position_one_ahead, [](P m, P, P) { return m + 1; });
    at_position(Cause::position_one_behind, [](P m, P, P) { return m - 1; });
    at_position(Cause::position_is_slot, [&](P m, P, P) { return m - task_.positions.front(); });
    at_position(Cause::position_wraps, [](P m, P, P) { return m & 0xffff; });
    at_position(Cause::position_wraps, [](P m, P, P) { return P{static_cast<std::int16_t>(m)}; });
    const auto last = static_cast<P>(task_.rope.training_length);
    at_position(Cause::position_clamped, [last](P m, P, P) { return (std::min)(m, last - 1); });
    at_position(Cause::position_clamped, [last](P m, P, P) { return m % last; });
    add(Cause::not_rotated, std::vector<double>(x_.begin(), x_.end()));
  }

  void layouts() {
    const auto heads = static_cast<std::size_t>(task_.heads);
    const std::size_t width = task_.width();
    altered(Cause::pairing_swapped, [](RotateTask& t) {
      t.pairing = t.pairing == Pairing::half_split ? Pairing::interleaved : Pairing::half_split;
    });
    Habits tiled = own();
    tiled.bands = [](Pairing pairing, std::size_t band, std::size_t bands) {
      if (pairing == Pairing::half_split) return oracle::Pair{band / 2, (band + bands) / 2};
      return oracle::Pair{2 * band % bands, (2 * band + 1) % bands};
    };
    habit(Cause::repeat_for_tile, tiled);
    if (task_.rope.rotated_width < width) {
      Habits partner = own();
      partner.pair = [](Pairing pairing, std::size_t band, std::size_t, std::size_t whole) {
        return oracle::pair_of(pairing, band, whole);
      };
      habit(Cause::head_width_partner, partner);
      if (task_.head_tables.empty()) {
        altered(Cause::head_width_exponent, [&](RotateTask& t) {
          RopeParameters wide = t.rope;
          wide.rotated_width = wide.head_width;
          Frequencies table = oracle::frequencies(wide, t.scaling, t.length);
          table.omega.resize(t.rope.bands());
          t.head_tables.assign(t.heads, table);
        });
        altered(Cause::tail_changed, [&](RotateTask& t) { t.rope.rotated_width = t.rope.head_width; });
      }
    }
    const auto strided = [&](std::size_t token, std::size_t head) {
      if (token == task_.token_stride && head == task_.head_stride) return;
      altered(Cause::strides_ignored, [&](RotateTask& t) {
        t.token_stride = token;
        t.head_stride = head;
      });
    };
    strided(heads * width, width);
    strided(width, task_.tokens() * width);
    strided(task_.token_stride, width);
    strided(heads * width, task_.head_stride);
    strided(heads * task_.head_stride, task_.head_stride);
    if (!task_.head_tables.empty()) {
      const std::size_t n = task_.head_tables.size();
      for (std::size_t shift = 1; shift < n; ++shift) {
        altered(Cause::table_of_another_head, [&](RotateTask& t) {
          std::rotate(t.head_tables.begin(), t.head_tables.begin() + static_cast<std::ptrdiff_t>(shift),
                      t.head_tables.end());
        });
      }
      for (std::size_t one = 0; one < n; ++one) {
        altered(Cause::table_of_another_head,
                [&](RotateTask& t) { t.head_tables.assign(n, task_.head_tables[one]); });
      }
    }
  }

  template <class Change>
  void with_scaling(Cause cause, Change change) {
    altered(cause, [&](RotateTask& t) { change(t.rope, t.scaling, t.length); });
  }

  void scalings();
  void arithmetics();

  const RotateTask& task_;
  std::span<const double> x_;
  const Hearing& hearing_;
  bool closed_ = false;
};

inline void RotationSuspects::scalings() {
  static_assert(dope::detail::alternatives<Scaling> == 9, "conformance rotation suspects: every Scaling");
  if (!task_.head_tables.empty()) return;
  for (auto& [cause, table] : mistaken_frequencies(task_.rope, task_.scaling, task_.length)) {
    altered(cause, [&t = table](RotateTask& task) { task.head_tables.assign(task.heads, t); });
  }
  if (const auto* share = std::get_if<Proportional>(&task_.scaling)) {
    altered(Cause::proportional_as_partial, [&](RotateTask& t) {
      const auto turning =
          static_cast<std::size_t>(share->fraction * static_cast<double>(t.rope.rotated_width / 2));
      if (turning > 0) t.rope.rotated_width = 2 * turning;
      t.scaling = Unscaled{};
    });
  }
  if (std::holds_alternative<DynamicNtk>(task_.scaling) || std::holds_alternative<LongRope>(task_.scaling)) {
    // The base of the tokens seen when each row was turned: by call, and by token.
    for (const bool by_call : {true, false}) {
      const Cause cause = std::holds_alternative<LongRope>(task_.scaling) ? Cause::longrope_other_list
                                                                          : Cause::dynamic_base_stale;
      std::vector<double> y(x_.begin(), x_.end());
      std::size_t first = 0;
      std::vector<std::size_t> calls = by_call ? task_.chunks : std::vector<std::size_t>(task_.tokens(), 1);
      for (const std::size_t count : calls) {
        std::int64_t farthest = 0;
        for (std::size_t i = first; i < first + count; ++i)
          farthest = (std::max)(farthest, task_.positions[i]);
        RotateTask t = task_;
        t.length = static_cast<std::size_t>(farthest + 1);
        const std::vector<double> whole = oracle::rotated_buffer(t, x_);
        for (std::size_t i = first; i < first + count; ++i) {
          for (std::size_t h = 0; h < t.heads; ++h) {
            const auto at = static_cast<std::ptrdiff_t>(i * t.token_stride + h * t.head_stride);
            std::copy_n(whole.begin() + at, t.width(), y.begin() + at);
          }
        }
        first += count;
      }
      add(cause, std::move(y));
    }
  }
  if (oracle::frequencies(task_.rope, task_.scaling, task_.length).attention_factor != 1.0) {
    const Real a = oracle::frequencies(task_.rope, task_.scaling, task_.length).attention_factor;
    Habits cos_alone = own();
    cos_alone.sin_factor = 1 / a;
    habit(Cause::attention_factor_on_one, cos_alone);
    Habits sin_alone = own();
    sin_alone.cos_factor = 1 / a;
    habit(Cause::attention_factor_on_one, sin_alone);
  }
}

inline void RotationSuspects::arithmetics() {
  const auto by_turn = [&](Cause cause, auto turn) {
    Habits habits = own();
    habits.turn = turn;
    habit(cause, habits);
  };
  if (task_.angles == Angles::exact) {
    by_turn(Cause::angle_float32, oracle::float32_turn);
    by_turn(Cause::angle_float32, recurrence_turn);
  } else {
    by_turn(Cause::angle_exact, oracle::exact_turn);
    by_turn(Cause::angle_exact, [](std::int64_t m, double omega) {
      return oracle::exact_turn(m, static_cast<double>(static_cast<float>(omega)));
    });
  }
  for (const Element element : {Element::float16, Element::bfloat16}) {
    const bool half = element == Element::float16;
    const auto at = [element](std::int64_t m) { return in(element, static_cast<double>(m)); };
    by_turn(half ? Cause::position_float16 : Cause::position_bfloat16, [at](std::int64_t m, double omega) {
      return oracle::exact_turn(static_cast<std::int64_t>(std::clamp(at(m), -1e15, 1e15)), omega);
    });
    by_turn(half ? Cause::angle_float16 : Cause::angle_bfloat16, [element](std::int64_t m, double omega) {
      return turn_by(in(element, static_cast<double>(m) * omega));
    });
    by_turn(half ? Cause::angle_float16 : Cause::angle_bfloat16, [element, at](std::int64_t m, double omega) {
      return turn_by(in(element, at(m) * in(element, omega)));
    });
    by_turn(Cause::frequency_16bit,
            [element](std::int64_t m, double omega) { return oracle::exact_turn(m, in(element, omega)); });
    const auto cached = [element, base = own().turn](std::int64_t m, double omega) {
      const Turned t = base(m, omega);
      return Turned{Real(in(element, static_cast<double>(t.cos))),
                    Real(in(element, static_cast<double>(t.sin)))};
    };
    by_turn(half ? Cause::cache_float16 : Cause::cache_bfloat16, cached);
  }
  if (task_.element == Element::float16 || task_.element == Element::bfloat16) {
    const Element element = task_.element;
    Habits narrow = own();
    narrow.product = [element](Real v) { return Real(in(element, static_cast<double>(v))); };
    narrow.store = [element](double v) { return in(element, v); };
    habit(Cause::arithmetic_16bit, narrow);
    narrow.turn = [element, base = own().turn](std::int64_t m, double omega) {
      const Turned t = base(m, omega);
      return Turned{Real(in(element, static_cast<double>(t.cos))),
                    Real(in(element, static_cast<double>(t.sin)))};
    };
    habit(Cause::arithmetic_16bit, narrow);
    Habits cut = own();
    cut.store = [element](double v) { return truncated_to(element, v); };
    habit(Cause::storage_truncated, cut);
  }
}

}  // namespace detail
}  // namespace dope::conformance
