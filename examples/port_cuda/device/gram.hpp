// SPDX-License-Identifier: MIT
#pragma once

#include "port_cuda/device/storage.hpp"

// Σ = Σ_t y_t y_tᵀ. Over all chunks of tokens: the channels' sums, for the mean μ; then, chunk by chunk, the
// rows y_t and their products. All in double; sums keep what rounding loses.

namespace port {

/// A sum of doubles with its rounding errors beside it (Ogita, Rump & Oishi 2005, algorithm Dot2).
struct Sum {
  double value;
  double lost;

  PORT_BOTH void add(double term) {
    const double total = value + term;
    const double part = total - value;
    lost += (value - (total - part)) + (term - part);
    value = total;
  }
  PORT_BOTH void add_product(double a, double b) {
    const double product = product_of(a, b);
    add(product);
    lost += fma(a, b, -product);
  }
};

/// One thread per channel: sums[c] += Σ_t x[t, c]. rows [tokens, width].
template <class T>
struct AddColumns {
  const T* rows;
  size_t tokens;
  size_t width;
  Sum* sums;

  PORT_BOTH size_t threads() const { return width; }
  PORT_BOTH void operator()(size_t channel) const {
    for (size_t token = 0; token < tokens; ++token) {
      sums[channel].add(static_cast<double>(widen(rows[token * width + channel])));
    }
  }
};

/// One thread per channel: mean[c] = sums[c]/tokens.
struct Divide {
  const Sum* sums;
  double* mean;
  size_t width;
  double tokens;

  PORT_BOTH size_t threads() const { return width; }
  PORT_BOTH void operator()(size_t channel) const {
    mean[channel] = (sums[channel].value + sums[channel].lost) / tokens;
  }
};

enum class RowScaling { none, unit };

/// One thread per token: y_t = x_t − μ; divided by its norm for unit rows, and then 0 where the row is
/// zero, or is μ to 2⁻⁴⁰ of μ's norm. y [tokens, width].
template <class T>
struct PrepareRows {
  const T* rows;
  const double* mean;
  size_t tokens;
  size_t width;
  RowScaling scaling;
  double* y;

  PORT_BOTH size_t threads() const { return tokens; }
  PORT_BOTH void operator()(size_t token) const {
    double* const row = y + token * width;
    for (size_t c = 0; c < width; ++c) row[c] = static_cast<double>(widen(rows[token * width + c])) - mean[c];
    if (scaling == RowScaling::none) return;
    const double norm = norm_of(row);
    const bool still = norm == 0 || norm <= norm_of(mean) * (1.0 / 1099511627776.0);
    for (size_t c = 0; c < width; ++c) row[c] = still ? 0.0 : row[c] / norm;
  }

 private:
  /// Of any size that a double has: squares are taken of shares of the largest.
  PORT_BOTH double norm_of(const double* values) const {
    double peak = 0;
    for (size_t c = 0; c < width; ++c) peak = fmax(peak, fabs(values[c]));
    if (peak == 0) return 0;
    Sum squares = {0, 0};
    for (size_t c = 0; c < width; ++c) squares.add_product(values[c] / peak, values[c] / peak);
    return peak * sqrt(squares.value + squares.lost);
  }
};

/// One thread per entry (i, j): entries[i, j] += Σ_t y_ti·y_tj. Both triangles are equal to the last bit.
struct AddProducts {
  const double* y;
  size_t tokens;
  size_t width;
  Sum* entries;

  PORT_BOTH size_t threads() const { return width * width; }
  PORT_BOTH void operator()(size_t thread) const {
    const size_t i = thread / width;
    const size_t j = thread % width;
    Sum sum = entries[thread];
    for (size_t token = 0; token < tokens; ++token)
      sum.add_product(y[token * width + i], y[token * width + j]);
    entries[thread] = sum;
  }
};

/// One thread per entry: what a Sum has come to.
struct CloseSums {
  const Sum* sums;
  double* values;
  size_t count;

  PORT_BOTH size_t threads() const { return count; }
  PORT_BOTH void operator()(size_t i) const { values[i] = sums[i].value + sums[i].lost; }
};

}  // namespace port
