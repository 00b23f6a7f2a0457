// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "port_cuda/engine.hpp"

namespace port {

/// An Engine over a Device, which has
///   Device::Array<T>   device memory: Array(const T* host, count), Array(count) zeroed, data(), host()
///   run(body)          body(0) … body(threads − 1), after all that was run before
template <class Device>
class EngineOn final : public Engine {
 public:
  [[nodiscard]] Bytes rotate(const RotateRequest& request) override {
    return with_element(request.element, [&](auto zero) {
      using T = decltype(zero);
      return request.position_type == PositionType::int32 ? rotate_as<T, std::int32_t>(request)
                                                          : rotate_as<T, std::int64_t>(request);
    });
  }

  [[nodiscard]] Bytes denoise(const DenoiseRequest& request) override {
    return with_element(request.element, [&](auto zero) { return denoise_as<decltype(zero)>(request); });
  }

  [[nodiscard]] std::vector<double> gram(const GramRequest& request) override {
    return with_element(request.element, [&](auto zero) { return gram_as<decltype(zero)>(request); });
  }

  [[nodiscard]] Noise noise(const NoiseRequest& request) override {
    const Array<std::int64_t> positions = on_device(request.positions);
    MakeNoise body{positions.data(), nullptr,        nullptr,     request.positions.size(),
                   request.width,    request.source, request.head};
    Array<std::uint32_t> words(4 * body.threads());
    Array<double> values(request.positions.size() * request.width);
    body.words = words.data();
    body.values = values.data();
    device_.run(body);
    return {words.host(), values.host()};
  }

 private:
  template <class T>
  using Array = typename Device::template Array<T>;

  template <class Work>
  static auto with_element(Element element, const Work& work) {
    if (element == Element::float32) return work(float{});
    if (element == Element::float64) return work(double{});
    if (element == Element::float16) return work(Half{});
    return work(Brain{});
  }

  template <class T>
  static Array<T> on_device(const std::vector<T>& values) {
    return Array<T>(values.data(), values.size());
  }
  template <class T>
  static Array<T> typed(const Bytes& bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return on_device(values);
  }
  template <class T>
  static Bytes bytes_of(const Array<T>& array) {
    const std::vector<T> values = array.host();
    Bytes bytes(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }

  /// [tables, tokens, 2, bands] of some positions.
  template <class C, class P>
  Array<C> entries(const TableSet& tables, const P* positions, std::size_t tokens, Angles angles) {
    const Array<double> omega = on_device(tables.omega);
    const Array<double> attention = on_device(tables.attention_factor);
    const std::size_t count = tables.attention_factor.size();
    Array<C> made(2 * count * tokens * tables.bands);
    device_.run(FillTable<C, P>{positions, omega.data(), attention.data(), made.data(), count, tokens,
                                tables.bands, angles});
    return made;
  }

  /// The buffer with no row written yet: every bit of every row set, so that a gap shows.
  static Bytes unwritten(const RotateRequest& request, std::size_t element_size) {
    Bytes bytes = request.x;
    for (std::size_t token = 0; token < request.positions.size(); ++token) {
      for (std::size_t head = 0; head < request.heads; ++head) {
        const std::size_t at = (token * request.token_stride + head * request.head_stride) * element_size;
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), request.width * element_size,
                    std::byte{0xff});
      }
    }
    return bytes;
  }

  template <class T, class P>
  Bytes rotate_as(const RotateRequest& request) {
    const bool in_place = request.placement == Placement::in_place;
    const Array<P> positions = on_device(std::vector<P>(request.positions.begin(), request.positions.end()));
    Array<T> from = typed<T>(request.x);
    Array<T> to = typed<T>(in_place ? Bytes{} : unwritten(request, sizeof(T)));
    T* const target = in_place ? from.data() : to.data();
    std::size_t first = 0;
    for (const std::size_t tokens : request.chunks) {
      const auto table =
          entries<Compute<T>>(request.tables, positions.data() + first, tokens, request.angles);
      const std::size_t at = first * request.token_stride;
      device_.run(Rotate<T>{from.data() + at, target + at, table.data(),
                            request.tables.attention_factor.size(), tokens, request.heads, request.width,
                            request.tables.bands, request.token_stride, request.head_stride, request.pairing,
                            request.direction});
      first += tokens;
    }
    return bytes_of(in_place ? from : to);
  }

  template <class T>
  Bytes denoise_as(const DenoiseRequest& request) {
    const Array<std::int64_t> positions = on_device(request.positions);
    const Array<HeadPlan> plans = on_device(request.plans);
    const Array<std::uint8_t> removed = on_device(request.removed);
    Array<T> x = typed<T>(request.x);
    const std::size_t heads = request.plans.size();
    const std::size_t stride = heads * request.width;
    std::size_t first = 0;
    for (const std::size_t tokens : request.chunks) {
      const auto table = entries<Compute<T>>(request.tables, positions.data() + first, tokens, Angles::exact);
      device_.run(Denoise<T>{x.data() + first * stride, plans.data(), table.data(), removed.data(),
                             positions.data() + first, tokens, heads, request.width, request.tables.bands,
                             stride, request.width, request.pairing, request.source});
      first += tokens;
    }
    return bytes_of(x);
  }

  template <class T>
  std::vector<double> gram_as(const GramRequest& request) {
    const std::size_t width = request.width;
    const Array<T> x = typed<T>(request.x);
    Array<double> mean(width);
    if (request.centring == Centring::token_mean) {
      Array<Sum> sums(width);
      std::size_t seen = 0;
      for (const std::size_t tokens : request.chunks) {
        device_.run(AddColumns<T>{x.data() + seen * width, tokens, width, sums.data()});
        seen += tokens;
      }
      if (seen != 0) device_.run(Divide{sums.data(), mean.data(), width, static_cast<double>(seen)});
    }
    Array<Sum> entries(width * width);
    std::size_t first = 0;
    for (const std::size_t tokens : request.chunks) {
      Array<double> y(tokens * width);
      device_.run(
          PrepareRows<T>{x.data() + first * width, mean.data(), tokens, width, request.rows, y.data()});
      device_.run(AddProducts{y.data(), tokens, width, entries.data()});
      first += tokens;
    }
    Array<double> gram(width * width);
    device_.run(CloseSums{entries.data(), gram.data(), width * width});
    return gram.host();
  }

  Device device_;
};

}  // namespace port
