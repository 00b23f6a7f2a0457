// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dope/conformance/case.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/view.hpp"
#include "dope/denoise/head.hpp"

// What a kernel under test is called with, one type a task. A kernel is any object that can be called
// with some of these: `void operator()(const RotateCall<float>&)` alone is a kernel. All memory is the
// judge's; a call's views are valid during the call.
//
// A kernel may use the frequencies it is given, or compute its own from rope, scaling and length: then
// its scalings are judged too.

namespace dope::conformance {

/// Rotate `from` into `to` (the same memory where in place): token i by positions[i], head h by
/// frequencies[h], or frequencies[0] where there is one.
template <Scalar T, Position P = std::int64_t>
struct RotateCall {
  HeadsView<const T> from;
  HeadsView<T> to;
  std::span<const P> positions;
  std::span<const Frequencies> frequencies;
  const RopeParameters& rope;
  const Scaling& scaling;
  std::size_t length;
  Pairing pairing;
  Angles angles;
  Direction direction;
};

/// Fill `frequencies`, whose omega has the size of the result.
struct FrequenciesCall {
  const RopeParameters& rope;
  const Scaling& scaling;
  std::size_t length;
  Frequencies& frequencies;
};

/// Rotate and denoise q and k of plan layer `layer` in place. Own key i is that of query head
/// owners[i]: it starts as a copy of the unrotated shared key.
template <Scalar T>
struct DenoiseCall {
  const Plan& plan;
  std::size_t layer;
  const RopeParameters& rope;
  const Scaling& scaling;
  std::size_t length;
  Pairing pairing;
  Angles angles;
  std::span<const std::int64_t> positions;
  HeadsView<T> q;
  HeadsView<T> k;
  HeadsView<T> own_keys;
  std::span<const std::size_t> owners;
};

/// Σ of all chunks into gram [width, width], both triangles.
template <Scalar T>
struct GramCall {
  std::span<const HeadView<const T>> chunks;
  Centring centring;
  RowScaling rows;
  std::span<double> gram;
};

/// scores[i] = entropies[i] of the rows.
struct EntropyCall {
  HeadView<const float> rows;
  Pairing pairing;
  std::span<const Entropy> entropies;
  std::span<double> scores;
};

/// The heads of scores [layers, heads], in order.
struct SelectCall {
  std::span<const double> scores;
  std::size_t layers;
  std::size_t heads;
  Amount amount;
  Order order;
  std::vector<HeadId>& chosen;
};

/// words [tokens, 4·⌈width/4⌉] and values [tokens, width] of noise.hpp's mapping.
struct NoiseCall {
  std::uint64_t seed;
  std::size_t layer;
  std::size_t head;
  Side side;
  std::size_t width;
  std::span<const std::int64_t> positions;
  std::span<std::uint32_t> words;
  std::span<double> values;
};

}  // namespace dope::conformance
