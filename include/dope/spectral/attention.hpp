// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "dope/core/error.hpp"
#include "dope/core/ieee.hpp"
#include "dope/core/scalar.hpp"
#include "dope/spectral/checked.hpp"

namespace dope {

/// What is measured of one head's attention map, and where.
struct AttentionProbe {
  std::size_t sinks = 1;         // positions 0 … sinks − 1 get a sink score each
  std::size_t needle_first = 0;  // the needle's tokens [needle_first, needle_last); empty: no needle
  std::size_t needle_last = 0;
  std::size_t recent = 64;  // the last tokens, the query's own included, that count as recent
  bool operator==(const AttentionProbe&) const = default;
};

/// How far from 1 the sum of a row may be: a sum of bfloat16 roundings, each 2⁻⁹, with room.
inline constexpr double row_sum_error = 0.02;

/// Worst error of a measure of `rows` rows of at most `longest` entries, as a share of 1 plus the measure,
/// (rows·longest + 2·longest + 4)·2⁻⁵³: one rounding for each entry that a sum of non-negative terms takes,
/// of a row's sum (an entropy's share errs by |ln p + 1| times it), of a mass and of all rows; 4 for the
/// logarithm, a product and the mean.
constexpr double attention_error(std::size_t rows, std::size_t longest) noexcept {
  const auto entries = static_cast<double>(longest);
  return ((static_cast<double>(rows) + 2.0) * entries + 4.0) * 0x1p-53;
}

/// Measures of a causal attention map A, fed one row of probabilities at a time; mergeable, with memory
/// for `sinks` numbers: nothing grows with N.
///
/// Row i is A_i0 … A_ii ≥ 0, of sum 1. Rows may come in any order, and from several accumulators.
///   sink_score(k)   α_k = mean over the rows i ≥ k of A_ik              (arXiv 2410.10781)
///   entropy         mean over rows of −Σ_j A_ij ln A_ij, nats, in [0, ln N]
///   needle_mass     mean over the rows i ≥ needle_last of Σ_{needle} A_ij, in [0, 1]
///   recency         mean over rows of Σ_{j > i − recent} A_ij, in [0, 1]
///   distance        mean over rows of Σ_j A_ij (i − j), tokens
/// Law: merged accumulators equal one fed all rows, to attention_error, as each equals its formula. Each
/// measure throws Error where no row belongs to it. Rows are divided by their own sum, which float16 or
/// bfloat16 storage may leave off 1.
class AttentionMeasures {
 public:
  explicit AttentionMeasures(AttentionProbe probe)
      : probe_(probe), sink_mass_(probe.sinks), sink_rows_(probe.sinks) {
    if (probe.needle_first > probe.needle_last || probe.recent == 0) {
      fail("AttentionMeasures",
           detail::text("needle [", probe.needle_first, ", ", probe.needle_last, "), ", probe.recent,
                        " recent"),
           "an ordered needle range and at least 1 recent token");
    }
  }

  /// Row i = row.size() − 1. Throws Error unless it is of finite entries ≥ 0 with a sum within row_sum_error
  /// of 1; nothing is then changed.
  template <Readable T>
  void add_row(std::span<T> row) {
    const double total = checked_sum(row);
    const std::size_t last = row.size() - 1;
    const auto at = [&](std::size_t j) { return static_cast<double>(row[j]) / total; };
    const auto mass = [&](std::size_t first, std::size_t end) {
      double sum = 0.0;
      for (std::size_t j = first; j < end; ++j) sum += at(j);
      return sum;
    };
    for (std::size_t k = 0; k < (std::min)(probe_.sinks, row.size()); ++k) {
      sink_mass_[k] += at(k);
      ++sink_rows_[k];
    }
    for (std::size_t j = 0; j < row.size(); ++j) {
      const double share = at(j);
      if (share > 0.0) entropy_ -= share * std::log(share);
      distance_ += share * static_cast<double>(last - j);
    }
    recency_ += mass(row.size() - (std::min)(probe_.recent, row.size()), row.size());
    if (last >= probe_.needle_last && probe_.needle_first < probe_.needle_last) {
      needle_ += mass(probe_.needle_first, probe_.needle_last);
      ++needle_rows_;
    }
    ++rows_;
  }

  /// Throws Error unless both probe the same.
  void merge(const AttentionMeasures& other) {
    if (other.probe_ != probe_) fail("AttentionMeasures::merge", "another probe", "equal probes");
    for (std::size_t k = 0; k < probe_.sinks; ++k) {
      sink_mass_[k] += other.sink_mass_[k];
      sink_rows_[k] += other.sink_rows_[k];
    }
    entropy_ += other.entropy_;
    distance_ += other.distance_;
    recency_ += other.recency_;
    needle_ += other.needle_;
    needle_rows_ += other.needle_rows_;
    rows_ += other.rows_;
  }

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] const AttentionProbe& probe() const noexcept { return probe_; }

  [[nodiscard]] double sink_score(std::size_t position) const {
    if (position >= probe_.sinks) {
      fail("AttentionMeasures::sink_score", detail::text("position ", position),
           detail::text("one of the ", probe_.sinks, " probed"));
    }
    return mean("sink_score", sink_mass_[position], sink_rows_[position]);
  }
  [[nodiscard]] double entropy() const { return mean("entropy", entropy_, rows_); }
  [[nodiscard]] double needle_mass() const { return mean("needle_mass", needle_, needle_rows_); }
  [[nodiscard]] double recency() const { return mean("recency", recency_, rows_); }
  [[nodiscard]] double distance() const { return mean("distance", distance_, rows_); }

 private:
  template <Readable T>
  static double checked_sum(std::span<T> row) {
    double total = 0.0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      const auto value = static_cast<double>(row[j]);
      if (!(value >= 0.0) || !std::isfinite(value)) {
        fail("AttentionMeasures::add_row", detail::text(value, " in column ", j, " of row ", row.size() - 1),
             "a probability");
      }
      total += value;
    }
    if (!(std::abs(total - 1.0) <= row_sum_error)) {
      fail("AttentionMeasures::add_row", detail::text("a row of ", row.size(), " entries of sum ", total),
           detail::text("at least 1 entry, of a sum within ", row_sum_error, " of 1"));
    }
    return total;
  }

  static double mean(std::string_view name, double sum, std::size_t count) {
    if (count == 0)
      fail(detail::text("AttentionMeasures::", name), "no row it is measured on", "at least one");
    return sum / static_cast<double>(count);
  }

  AttentionProbe probe_;
  std::vector<double> sink_mass_;
  std::vector<std::size_t> sink_rows_;
  double entropy_ = 0.0;
  double distance_ = 0.0;
  double recency_ = 0.0;
  double needle_ = 0.0;
  std::size_t needle_rows_ = 0;
  std::size_t rows_ = 0;
};

/// Sink rate: the share of heads whose sink score passes `threshold` (arXiv 2410.10781: α of the first
/// token, 0.3). Throws Error for no head.
[[nodiscard]] inline double sink_rate(std::span<const double> sink_scores, double threshold = 0.3) {
  if (sink_scores.empty()) fail("sink_rate", "no head", "at least one sink score");
  const auto above =
      std::count_if(sink_scores.begin(), sink_scores.end(), [=](double s) { return s > threshold; });
  return static_cast<double>(above) / static_cast<double>(sink_scores.size());
}

}  // namespace dope
