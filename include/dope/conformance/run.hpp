// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dope/conformance/array.hpp"
#include "dope/conformance/call.hpp"
#include "dope/conformance/case.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/conformance/oracle_denoise.hpp"
#include "dope/conformance/oracle_frequencies.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"

// A case as calls: typed buffers filled from the inputs, the kernel called chunk by chunk, the buffers
// read back as arrays.

namespace dope::conformance::detail {

template <Scalar T>
std::vector<T> stored(const std::vector<double>& values) {
  std::vector<T> buffer(values.size());
  std::transform(values.begin(), values.end(), buffer.begin(), [](double v) { return static_cast<T>(v); });
  return buffer;
}

template <class T>
std::vector<double> read_back(const std::vector<T>& buffer) {
  std::vector<double> values(buffer.size());
  std::transform(buffer.begin(), buffer.end(), values.begin(), [](T v) { return static_cast<double>(v); });
  return values;
}

/// The outputs of a kernel for a task; nothing where it cannot be called for it.
template <class Kernel>
class Runner {
 public:
  Runner(Kernel& kernel, const std::vector<Array>& inputs) : kernel_(kernel), inputs_(inputs) {}

  using Result = std::optional<std::vector<Array>>;

  Result operator()(const RotateTask& task) const {
    return by_element(task.element, [&]<class T>(T) -> Result {
      return task.position_type == PositionType::int32 ? rotate<T, std::int32_t>(task)
                                                       : rotate<T, std::int64_t>(task);
    });
  }

  Result operator()(const DenoiseTask& task) const {
    return by_element(task.element, [&]<class T>(T) -> Result { return denoise<T>(task); });
  }

  Result operator()(const GramTask& task) const {
    return by_element(task.element, [&]<class T>(T) -> Result { return gram<T>(task); });
  }

  Result operator()(const FrequenciesTask& task) const {
    if constexpr (std::invocable<Kernel&, const FrequenciesCall&>) {
      Frequencies frequencies{std::vector<double>(task.rope.bands(), 0.0), 0.0};
      kernel_(FrequenciesCall{task.rope, task.scaling, task.length, frequencies});
      return std::vector<Array>{{"omega", Element::float64, {frequencies.omega.size()}, frequencies.omega},
                                {"attention_factor", Element::float64, {1}, {frequencies.attention_factor}}};
    }
    return std::nullopt;
  }

  Result operator()(const EntropyTask& task) const {
    if constexpr (std::invocable<Kernel&, const EntropyCall&>) {
      const std::vector<float> rows = stored<float>(inputs_[0].values);
      std::vector<double> scores(task.entropies.size(), 0.0);
      kernel_(EntropyCall{dense_head(rows.data(), task.tokens, task.width), task.pairing, task.entropies,
                          scores});
      return std::vector<Array>{{"scores", Element::float64, {scores.size()}, scores}};
    }
    return std::nullopt;
  }

  Result operator()(const SelectTask& task) const {
    if constexpr (std::invocable<Kernel&, const SelectCall&>) {
      std::vector<HeadId> chosen;
      kernel_(SelectCall{inputs_[0].values, task.layers, task.heads, task.amount, task.order, chosen});
      Array heads{"heads", Element::int64, {chosen.size(), 2}, {}};
      for (const HeadId& head : chosen) {
        heads.values.push_back(static_cast<double>(head.layer));
        heads.values.push_back(static_cast<double>(head.head));
      }
      return std::vector<Array>{heads};
    }
    return std::nullopt;
  }

  Result operator()(const NoiseTask& task) const {
    if constexpr (std::invocable<Kernel&, const NoiseCall&>) {
      const std::size_t padded = (task.width + 3) / 4 * 4;
      const std::size_t tokens = task.positions.size();
      std::vector<std::uint32_t> words(tokens * padded);
      std::vector<double> values(tokens * task.width);
      kernel_(
          NoiseCall{task.seed, task.layer, task.head, task.side, task.width, task.positions, words, values});
      return std::vector<Array>{{"words", Element::uint32, {tokens, padded}, read_back(words)},
                                {"values", Element::float64, {tokens, task.width}, values}};
    }
    return std::nullopt;
  }

 private:
  template <class Use>
  static Result by_element(Element element, Use use) {
    switch (element) {
      case Element::float32:
        return use(float{});
      case Element::float64:
        return use(double{});
      case Element::float16:
        return use(float16{});
      default:
        return use(bfloat16{});
    }
  }

  template <Scalar T, Position P>
  Result rotate(const RotateTask& task) const {
    if constexpr (std::invocable<Kernel&, const RotateCall<T, P>&>) {
      // Behind the buffer lies room for kernels that walk it by other strides.
      const std::size_t size = task.buffer_size();
      std::vector<T> x = stored<T>(inputs_[0].values);
      x.resize(4 * size, static_cast<T>(guard_value));
      std::vector<T> apart(x.size(), static_cast<T>(guard_value));
      std::vector<T>& y = task.placement == Placement::in_place ? x : apart;
      const std::vector<P> positions(task.positions.begin(), task.positions.end());
      const std::vector<Frequencies> tables = oracle::tables_of(task);
      std::size_t first = 0;
      for (const std::size_t count : task.chunks) {
        const auto part = [&](auto* data) {
          return HeadsView<std::remove_pointer_t<decltype(data)>>{data + first * task.token_stride,
                                                                  count,
                                                                  task.heads,
                                                                  task.width(),
                                                                  task.token_stride,
                                                                  task.head_stride};
        };
        kernel_(RotateCall<T, P>{part(std::as_const(x).data()), part(y.data()),
                                 std::span<const P>(positions).subspan(first, count), tables, task.rope,
                                 task.scaling, task.length, task.pairing, task.angles, task.direction});
        first += count;
      }
      for (std::size_t i = size; i < y.size(); ++i) {
        if (static_cast<double>(y[i]) != guard_value) y[size - 1] = y[i];
      }
      y.resize(size);
      return std::vector<Array>{{"y", task.element, {size}, read_back(y)}};
    }
    return std::nullopt;
  }

  template <Scalar T>
  Result denoise(const DenoiseTask& task) const {
    if constexpr (std::invocable<Kernel&, const DenoiseCall<T>&>) {
      const AttentionShape& shape = task.plan.shape;
      const std::vector<std::size_t> owners = oracle::owners_of(task.plan, task.layer);
      const std::size_t group = shape.query_heads / shape.key_heads;
      std::vector<T> q = stored<T>(inputs_[0].values);
      std::vector<T> k = stored<T>(inputs_[1].values);
      std::vector<T> own(task.tokens() * owners.size() * shape.head_width);
      const HeadsView<T> queries = token_major(q.data(), task.tokens(), shape.query_heads, shape.head_width);
      const HeadsView<T> keys = token_major(k.data(), task.tokens(), shape.key_heads, shape.head_width);
      const HeadsView<T> copies = token_major(own.data(), task.tokens(), owners.size(), shape.head_width);
      for (std::size_t token = 0; token < task.tokens(); ++token) {
        for (std::size_t i = 0; i < owners.size(); ++i) {
          std::copy_n(keys.head(owners[i] / group).row(token), shape.head_width, copies.head(i).row(token));
        }
      }
      std::size_t first = 0;
      for (const std::size_t count : task.chunks) {
        const auto part = [&](HeadsView<T> x) {
          x.data += first * x.token_stride;
          x.tokens = count;
          return x;
        };
        kernel_(DenoiseCall<T>{task.plan, task.layer, task.rope, task.scaling, task.length, task.pairing,
                               task.angles,
                               std::span<const std::int64_t>(task.positions).subspan(first, count),
                               part(queries), part(keys), part(copies), owners});
        first += count;
      }
      std::vector<Array> result = {
          {"q", task.element, {task.tokens(), shape.query_heads, shape.head_width}, read_back(q)},
          {"k", task.element, {task.tokens(), shape.key_heads, shape.head_width}, read_back(k)}};
      if (!owners.empty()) {
        result.push_back(
            {"own_keys", task.element, {task.tokens(), owners.size(), shape.head_width}, read_back(own)});
      }
      return result;
    }
    return std::nullopt;
  }

  template <Scalar T>
  Result gram(const GramTask& task) const {
    if constexpr (std::invocable<Kernel&, const GramCall<T>&>) {
      const std::vector<T> rows = stored<T>(inputs_[0].values);
      std::vector<HeadView<const T>> chunks;
      std::size_t first = 0;
      for (const std::size_t count : task.chunks) {
        chunks.push_back(dense_head(rows.data() + first * task.width, count, task.width));
        first += count;
      }
      std::vector<double> sigma(task.width * task.width, 0.0);
      kernel_(GramCall<T>{chunks, task.centring, task.rows, sigma});
      return std::vector<Array>{{"gram", Element::float64, {task.width, task.width}, sigma}};
    }
    return std::nullopt;
  }

  Kernel& kernel_;
  const std::vector<Array>& inputs_;
};

}  // namespace dope::conformance::detail
