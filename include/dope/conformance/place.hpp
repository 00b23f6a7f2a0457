// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/oracle_denoise.hpp"
#include "dope/conformance/oracle_rotation.hpp"
#include "dope/core/alternatives.hpp"
#include "dope/core/error.hpp"

// Where an element lies, in the words of the kernel's author: token, position, head, band, call; and
// what a set of wrong elements has in common.

namespace dope::conformance {

enum class ElementKind { turned, tail, guard, other };

namespace detail {

/// Coordinates of one element of a rotate or denoise output. Unset ones are −1.
struct Place {
  ElementKind kind = ElementKind::other;
  std::int64_t token = -1;
  std::int64_t position = 0;
  std::int64_t head = -1;
  std::int64_t channel = -1;
  std::int64_t band = -1;
  std::int64_t half = -1;  ///< 0 the pair's first channel, 1 its second
  std::int64_t call = -1;
};

inline std::int64_t call_of(const std::vector<std::size_t>& chunks, std::size_t token) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    last += chunks[i];
    if (token < last) return static_cast<std::int64_t>(i);
  }
  return -1;
}

inline void set_channel(Place& place, std::size_t channel, std::size_t bands, Pairing pairing) {
  place.channel = static_cast<std::int64_t>(channel);
  place.kind = channel < 2 * bands ? ElementKind::turned : ElementKind::tail;
  for (std::size_t band = 0; band < bands; ++band) {
    const oracle::Pair pair = oracle::pair_of(pairing, band, 2 * bands);
    if (pair.first != channel && pair.second != channel) continue;
    place.band = static_cast<std::int64_t>(band);
    place.half = pair.second == channel ? 1 : 0;
  }
}

/// By element of array `array`. For rotate the whole table at once: strides may interleave.
inline std::vector<Place> places_of(const Case& c, std::size_t array, std::size_t count) {
  static_assert(dope::detail::alternatives<Task> == 7, "conformance places: every Task");
  std::vector<Place> places(count);
  if (const auto* task = std::get_if<RotateTask>(&c.task)) {
    for (Place& place : places) place.kind = ElementKind::guard;
    for (std::size_t token = 0; token < task->tokens(); ++token) {
      for (std::size_t head = 0; head < task->heads; ++head) {
        for (std::size_t channel = 0; channel < task->width(); ++channel) {
          Place& place = places[token * task->token_stride + head * task->head_stride + channel];
          place.token = static_cast<std::int64_t>(token);
          place.position = task->positions[token];
          place.head = static_cast<std::int64_t>(head);
          place.call = call_of(task->chunks, token);
          set_channel(place, channel, task->rope.rotated_width / 2, task->pairing);
        }
      }
    }
  } else if (const auto* denoise = std::get_if<DenoiseTask>(&c.task)) {
    const std::size_t width = denoise->plan.shape.head_width;
    const std::vector<std::size_t> owners = oracle::owners_of(denoise->plan, denoise->layer);
    const std::size_t heads = count / (denoise->tokens() * width);
    for (std::size_t i = 0; i < count; ++i) {
      Place& place = places[i];
      const std::size_t token = i / (heads * width);
      const std::size_t head = i / width % heads;
      place.token = static_cast<std::int64_t>(token);
      place.position = denoise->positions[token];
      place.head = static_cast<std::int64_t>(array == 2 ? owners[head] : head);
      place.call = call_of(denoise->chunks, token);
      set_channel(place, i % width, denoise->rope.rotated_width / 2, denoise->pairing);
    }
  }
  return places;
}

inline std::string text_of(const Place& place, const Array& expected, std::size_t index) {
  if (place.token < 0) {
    std::string indices;
    std::size_t rest = index;
    for (std::size_t axis = expected.shape.size(); axis-- > 0;) {
      indices = text(rest % expected.shape[axis], indices.empty() ? "" : ", ", indices);
      rest /= expected.shape[axis];
    }
    return text(place.kind == ElementKind::guard ? "guard element " : "", expected.name, "[", indices, "]");
  }
  std::string said = text(expected.name, ", token ", place.token, " (position ", place.position, "), head ",
                          place.head, ", channel ", place.channel);
  if (place.band >= 0) said += text(" (band ", place.band, ")");
  return said;
}

/// "only band 31", "only positions from 65536 on", … for one axis whose values are wrong in part.
inline std::string axis_text(const std::string& name, const std::set<std::int64_t>& wrong,
                             const std::set<std::int64_t>& all) {
  if (wrong.empty() || wrong.size() == all.size()) return "";
  if (wrong.size() == 1) return text("only ", name, " ", *wrong.begin());
  std::set<std::int64_t> right;
  std::set_difference(all.begin(), all.end(), wrong.begin(), wrong.end(), std::inserter(right, right.end()));
  if (*wrong.begin() > *right.rbegin()) return text("only ", name, "s from ", *wrong.begin(), " on");
  if (*wrong.rbegin() < *right.begin()) return text("only ", name, "s up to ", *wrong.rbegin());
  if (right.size() == 1) return text("all but ", name, " ", *right.begin());
  if (wrong.size() <= 4) {
    std::string list;
    for (const std::int64_t value : wrong) list += text(list.empty() ? "" : ", ", value);
    return text("only ", name, "s ", list);
  }
  return text(wrong.size(), " of ", all.size(), " ", name, "s");
}

/// What the wrong elements have in common.
inline std::string where(const std::vector<Array>& expected,
                         const std::vector<std::vector<Place>>& all_places,
                         const std::vector<std::vector<bool>>& wrong) {
  struct Axis {
    std::set<std::int64_t> wrong;
    std::set<std::int64_t> all;
  };
  std::map<std::string, Axis> axes;
  std::set<std::string> arrays;
  std::set<ElementKind> kinds;
  for (std::size_t a = 0; a < expected.size(); ++a) {
    const std::vector<Place>& places = all_places[a];
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (wrong[a][i]) {
        arrays.insert(expected[a].name);
        kinds.insert(places[i].kind);
      }
      const auto add = [&](const char* name, std::int64_t value) {
        Axis& axis = axes[name];
        axis.all.insert(value);
        if (wrong[a][i]) axis.wrong.insert(value);
      };
      if (places[i].token < 0) continue;
      add("position", places[i].position);
      add("head", places[i].head);
      if (places[i].band >= 0) add("band", places[i].band);
      if (places[i].half >= 0) add("half", places[i].half);
      if (places[i].call >= 0) add("call", places[i].call);
    }
  }
  std::vector<std::string> said;
  if (expected.size() > 1 && arrays.size() < expected.size()) {
    std::string list;
    for (const std::string& name : arrays) list += (list.empty() ? "" : " and ") + name;
    said.push_back("only " + list);
  }
  for (const char* name : {"position", "call", "head", "band"}) {
    const std::string part = axis_text(name, axes[name].wrong, axes[name].all);
    if (!part.empty()) said.push_back(part);
  }
  const std::set<std::int64_t>& half = axes["half"].wrong;
  if (half.size() == 1)
    said.push_back(*half.begin() == 0 ? "only first channels of pairs" : "only second channels of pairs");
  if (kinds == std::set{ElementKind::guard}) said.push_back("only guards between rows");
  if (kinds == std::set{ElementKind::tail}) said.push_back("only channels past the rotated width");
  std::string joined;
  for (const std::string& part : said) joined += (joined.empty() ? "" : ", ") + part;
  return joined;
}

}  // namespace detail
}  // namespace dope::conformance
