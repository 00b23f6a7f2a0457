// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/rope/scaling.hpp"

namespace dope::conformance {

/// What a kernel claims to do: cases outside of it are skipped and counted, all others must pass.
/// The default claims everything. The element types are those that the kernel can be called with.
struct Capabilities {
  std::vector<Pairing> pairings = {Pairing::interleaved, Pairing::half_split};
  std::vector<Element> elements = {Element::float32, Element::float64, Element::float16, Element::bfloat16};
  std::vector<std::string> scalings = {};  ///< by name_of(Scaling); empty: all of them
  Angles angles = Angles::exact;           ///< the oracle that the kernel is held against
  std::size_t widest_head = (std::numeric_limits<std::size_t>::max)();
  std::size_t rotated_multiple = 2;  ///< rotated widths are multiples of this
  std::int64_t farthest_position = std::int64_t{1} << 53;
  bool negative_positions = true;
  bool partial_width = true;
  bool strided = true;
  bool in_place = true;
  bool out_of_place = true;
  bool adjoint = true;
  bool head_tables = true;
};

namespace detail {

template <class List, class Value>
bool holds(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

inline bool dense(const RotateTask& task) {
  return task.token_stride == task.heads * task.width() && task.head_stride == task.width();
}

/// Why a case is outside; empty where it is inside.
struct Outside {
  const Capabilities& can;

  std::string operator()(const RotateTask& task) const {
    if (!holds(can.pairings, task.pairing)) return text("pairing ", name_of(task.pairing));
    if (!holds(can.elements, task.element)) return text("element ", name_of(task.element));
    if (task.head_tables.empty() && !knows(task.scaling))
      return text("scaling ", dope::name_of(task.scaling));
    if (task.angles != can.angles) return text("angles ", name_of(task.angles));
    if (task.rope.head_width > can.widest_head) return text("head width ", task.rope.head_width);
    if (task.rope.rotated_width % can.rotated_multiple != 0)
      return text("rotated width ", task.rope.rotated_width);
    if (!can.partial_width && task.rope.rotated_width < task.width()) return "partial width";
    if (!can.strided && !dense(task)) return "strided rows";
    if (!can.in_place && task.placement == Placement::in_place) return "in place";
    if (!can.out_of_place && task.placement == Placement::out_of_place) return "out of place";
    if (!can.adjoint && task.direction == Direction::adjoint) return "adjoint";
    if (!can.head_tables && !task.head_tables.empty()) return "tables per head";
    return positions(task.positions);
  }

  std::string operator()(const DenoiseTask& task) const {
    if (!holds(can.pairings, task.pairing)) return text("pairing ", name_of(task.pairing));
    if (!holds(can.elements, task.element)) return text("element ", name_of(task.element));
    if (!knows(task.scaling)) return text("scaling ", dope::name_of(task.scaling));
    if (task.angles != can.angles) return text("angles ", name_of(task.angles));
    return positions(task.positions);
  }

  std::string operator()(const FrequenciesTask& task) const {
    return knows(task.scaling) ? "" : text("scaling ", dope::name_of(task.scaling));
  }

  std::string operator()(const GramTask& task) const {
    return holds(can.elements, task.element) ? "" : text("element ", name_of(task.element));
  }

  template <class Other>
  std::string operator()(const Other&) const {
    return "";
  }

 private:
  [[nodiscard]] bool knows(const Scaling& scaling) const {
    return can.scalings.empty() || holds(can.scalings, std::string(dope::name_of(scaling)));
  }

  [[nodiscard]] std::string positions(const std::vector<std::int64_t>& all) const {
    for (const std::int64_t m : all) {
      if (m > can.farthest_position) return text("positions beyond ", can.farthest_position);
      if (m < 0 && !can.negative_positions) return "negative positions";
    }
    return "";
  }
};

}  // namespace detail

/// Why a kernel is not asked for this case; empty where it is.
[[nodiscard]] inline std::string outside(const Capabilities& capabilities, const Case& c) {
  return std::visit(detail::Outside{capabilities}, c.task);
}

}  // namespace dope::conformance
