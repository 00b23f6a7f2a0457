// SPDX-License-Identifier: MIT
// Vectors that were exported once must stay the same: who held a kernel against a case by its name finds the
// same case in every later version. Each kind of task has a digest here of all its cases' parameters.
#include "dope/conformance/catalogue.hpp"

#include <doctest/doctest.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dope/denoise/transform_text.hpp"

namespace kit = dope::conformance;

namespace {

/// FNV-1a over a text of everything that is handed in.
struct Digest {
  std::uint64_t state = 0xcbf29ce484222325u;

  void operator()(std::string_view text) {
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    state = (state ^ 0xffu) * 0x100000001b3u;
  }
  void operator()(double value) {  // twelve digits: the last bits of a table are another test's matter
    char text[40];
    std::snprintf(text, sizeof text, "%.12g", value);
    (*this)(std::string_view(text));
  }
  template <std::integral T>
  void operator()(T value) {
    (*this)(std::string_view(std::to_string(value)));
  }
  template <class T>
  requires std::is_enum_v<T>
  void operator()(T value) { (*this)(static_cast<int>(value)); }
  template <class T>
  void operator()(const std::optional<T>& value) {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    (*this)(values.size());
    for (const T& value : values) (*this)(value);
  }
  template <class... Ts>
  requires(sizeof...(Ts) > 1) void operator()(const Ts&... values) { ((*this)(values), ...); }

  void operator()(const dope::Frequencies& x) { (*this)(x.omega, x.attention_factor); }
  void operator()(const dope::RopeParameters& x) {
    (*this)(x.base, x.head_width, x.rotated_width, x.training_length);
  }
  void operator()(const dope::Scaling& scaling) {
    (*this)(dope::name_of(scaling));
    std::visit([&](const auto& x) { fields(x); }, scaling);
  }
  void operator()(const dope::Entropy& entropy) { (*this)(dope::name_of(entropy)); }
  void operator()(const dope::HeadId& x) { (*this)(x.layer, x.head); }
  void operator()(const dope::HeadSpread& x) { (*this)(x.query, x.key); }
  void operator()(const dope::Plan& x) {
    (*this)(x.shape.layers, x.shape.query_heads, x.shape.key_heads, x.shape.head_width,
            x.shape.rotated_width);
    (*this)(dope::name_of(x.transform), x.gqa, x.heads, x.spreads);
  }

  void fields(const dope::Unscaled&) {}
  void fields(const dope::Linear& x) { (*this)(x.factor); }
  void fields(const dope::StaticNtk& x) { (*this)(x.factor); }
  void fields(const dope::DynamicNtk& x) { (*this)(x.factor); }
  void fields(const dope::Yarn& x) { yarn(x); }
  void fields(const dope::YarnPaper& x) { yarn(x); }
  void fields(const dope::Llama3& x) { (*this)(x.factor, x.low_frequency_factor, x.high_frequency_factor); }
  void fields(const dope::LongRope& x) {
    (*this)(x.short_factor, x.long_factor, x.factor, x.attention_factor);
  }
  void fields(const dope::Proportional& x) { (*this)(x.fraction); }
  template <class Yarn>
  void yarn(const Yarn& x) {
    (*this)(x.factor, x.beta_fast, x.beta_slow, x.attention_factor, x.mscale, x.mscale_all_dim);
  }

  void operator()(const kit::RotateTask& x) {
    (*this)(x.rope, x.scaling, x.length, x.pairing, x.angles, x.direction, x.element, x.heads);
    (*this)(x.token_stride, x.head_stride, x.placement, x.position_type, x.positions, x.chunks,
            x.head_tables);
  }
  void operator()(const kit::FrequenciesTask& x) { (*this)(x.rope, x.scaling, x.length); }
  void operator()(const kit::DenoiseTask& x) {
    (*this)(x.plan, x.layer, x.rope, x.scaling, x.length, x.pairing, x.angles, x.element, x.positions,
            x.chunks);
  }
  void operator()(const kit::GramTask& x) {
    (*this)(x.tokens, x.width, x.element, x.centring, x.rows, x.chunks);
  }
  void operator()(const kit::EntropyTask& x) { (*this)(x.tokens, x.width, x.pairing, x.entropies); }
  void operator()(const kit::SelectTask& x) {
    (*this)(x.layers, x.heads, x.amount.index(), x.order);
    if (const auto* count = std::get_if<dope::Count>(&x.amount)) (*this)(count->n);
    if (const auto* quantile = std::get_if<dope::Quantile>(&x.amount)) (*this)(quantile->tau);
  }
  void operator()(const kit::NoiseTask& x) { (*this)(x.seed, x.layer, x.head, x.side, x.width, x.positions); }
};

/// The task's name as its type says.
std::string_view name_by_type(const kit::Task& task) {
  if (std::holds_alternative<kit::RotateTask>(task)) return "rotate";
  if (std::holds_alternative<kit::FrequenciesTask>(task)) return "frequencies";
  if (std::holds_alternative<kit::DenoiseTask>(task)) return "denoise";
  if (std::holds_alternative<kit::GramTask>(task)) return "gram";
  if (std::holds_alternative<kit::EntropyTask>(task)) return "entropy";
  if (std::holds_alternative<kit::SelectTask>(task)) return "select";
  return "noise";
}

}  // namespace

TEST_CASE("the cases of each task are those that were published") {
  std::map<std::string_view, std::size_t> counts;
  std::map<std::string_view, Digest> digests;
  for (const kit::Case& c : kit::catalogue()) {
    const std::string_view task = kit::name_of(c.task);
    CHECK(task == name_by_type(c.task));
    ++counts[task];
    digests[task](c.name);
    std::visit([&](const auto& parameters) { digests[task](parameters); }, c.task);
  }
  const std::map<std::string_view, std::pair<std::size_t, std::uint64_t>> published = {
      {"rotate", {162, 17906487390389852570u}}, {"frequencies", {22, 13096797445885575483u}},
      {"denoise", {64, 7596644533014940901u}},  {"gram", {17, 11160402682613808267u}},
      {"entropy", {7, 17793182865613847913u}},  {"select", {10, 16936301037449724250u}},
      {"noise", {4, 7513687164187603278u}},
  };
  CHECK(counts.size() == published.size());
  for (const auto& expected : published) {
    const std::string_view task = expected.first;
    CAPTURE(task);
    CHECK(counts[task] == expected.second.first);
    CHECK(digests[task].state == expected.second.second);
  }
}

TEST_CASE("names are unique file names, every case says what it catches") {
  std::set<std::string> names;
  for (const kit::Case& c : kit::catalogue()) {
    CAPTURE(c.name);
    CHECK(names.insert(c.name).second);
    CHECK(c.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos);
    CHECK(c.name.size() < 100);
    CHECK(!c.catches.empty());
    CHECK((c.thread.empty() ||
           (c.thread.find('/') != std::string::npos && c.thread.find('#') != std::string::npos)));
    if (const auto* task = std::get_if<kit::RotateTask>(&c.task)) {
      std::size_t tokens = 0;
      for (const std::size_t count : task->chunks) tokens += count;
      CHECK(tokens == task->tokens());
      CHECK((task->head_tables.empty() || task->head_tables.size() == task->heads));
    }
  }
}

TEST_CASE("it reaches where the field's tests do not") {
  std::set<std::string> scalings;
  std::set<kit::Element> elements;
  std::set<std::string> transforms;
  bool farthest = false;
  bool odd_bands = false;
  for (const kit::Case& c : kit::catalogue()) {
    if (const auto* task = std::get_if<kit::RotateTask>(&c.task)) {
      if (task->head_tables.empty()) scalings.insert(std::string(dope::name_of(task->scaling)));
      elements.insert(task->element);
      for (const std::int64_t m : task->positions) farthest = farthest || m == std::int64_t{1} << 20;
      odd_bands = odd_bands || task->rope.bands() % 2 == 1;
    }
    if (const auto* task = std::get_if<kit::DenoiseTask>(&c.task)) {
      transforms.insert(dope::name_of(task->plan.transform) + std::string(dope::name_of(task->plan.gqa)));
    }
  }
  CHECK(scalings.size() == std::variant_size_v<dope::Scaling>);
  CHECK(elements.size() == 4);
  CHECK(transforms.size() >= 18);
  CHECK(farthest);
  CHECK(odd_bands);
}

TEST_CASE(
    "a kernel of float32 angles gets every case but rotations of doubles, a kernel of exact ones its own") {
  std::vector<std::string> exact;
  std::vector<std::string> single;
  for (const kit::Case& c : kit::catalogue()) {
    const auto* rotate = std::get_if<kit::RotateTask>(&c.task);
    const bool own = rotate != nullptr && rotate->angles == dope::Angles::float32_product;
    if (!own) exact.push_back(c.name);
    if (!own && !(rotate != nullptr && rotate->element == kit::Element::float64)) single.push_back(c.name);
  }
  const auto names = [](dope::Angles angles) {
    std::vector<std::string> all;
    for (const kit::Case& c : kit::catalogue_for(angles)) {
      all.push_back(c.name);
      if (const auto* rotate = std::get_if<kit::RotateTask>(&c.task)) CHECK(rotate->angles == angles);
      if (const auto* denoise = std::get_if<kit::DenoiseTask>(&c.task)) CHECK(denoise->angles == angles);
    }
    return all;
  };
  CHECK(names(dope::Angles::exact) == exact);
  CHECK(names(dope::Angles::float32_product) == single);
  CHECK(single.size() < exact.size());
}

TEST_CASE("a buffer ends a guard behind its last row; without a row there is none") {
  kit::RotateTask task;
  task.rope = {10000, 8, 8, 16};
  task.token_stride = 40;
  task.head_stride = 10;
  CHECK(task.buffer_size() == 0);
  task.positions = {0, 1, 2};
  CHECK(task.buffer_size() == 2 * 40 + 8 + kit::guard_elements);
  task.heads = 3;
  CHECK(task.buffer_size() == 2 * 40 + 2 * 10 + 8 + kit::guard_elements);
  task.heads = 0;
  CHECK(task.buffer_size() == 0);
}
