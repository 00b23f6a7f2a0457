// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "dope/core/alternatives.hpp"
#include "dope/core/convert.hpp"
#include "dope/core/error.hpp"
#include "dope/core/scalar.hpp"
#include "dope/core/side.hpp"
#include "dope/core/view.hpp"
#include "dope/denoise/head.hpp"
#include "dope/denoise/rotated_blocks.hpp"
#include "dope/denoise/sampling.hpp"
#include "dope/denoise/score.hpp"
#include "dope/rope/frequencies.hpp"
#include "dope/rope/pairing.hpp"
#include "dope/rope/rotate.hpp"
#include "dope/rope/table.hpp"
#include "dope/spectral/band_gram.hpp"
#include "dope/spectral/checked.hpp"
#include "dope/spectral/entropy.hpp"
#include "dope/spectral/gram.hpp"
#include "dope/spectral/spectrum.hpp"
#include "dope/spectral/token_mean.hpp"

namespace dope {

// What reaches a solver or a product of matrices is a template, here and in the module spectral, so that a
// unit that rotates by a plan and measures nothing does not compile it.

/// Scores all heads of a model from their q and k, as these stream by.
///
/// Holds one Gram per layer, head, side and stage that the wanted indicators need: width² doubles
/// each, no row. (32 layers, 32 + 8 heads of width 128, three stages: 480 MiB; one stage: 160.)
///
/// Uncomp centres rows before it normalises them, and so needs the mean of all tokens before the first
/// row. Where it is wanted, everything is added twice, and nothing is buffered:
///   add all;  if (needs_second_pass()) { start_second_pass();  add all again; }  scores(…)
///
/// Chunks, merges and their order matter to rounding only; layers are independent, and different
/// threads may add to different layers at once. To divide tokens among threads, give each its own
/// fresh() meter and merge. Calibration over several prompts is add at each prompt's own positions.
class HeadMeter {
  static_assert(detail::alternatives<Entropy> == 6, "HeadMeter: every Entropy");
  static_assert(detail::alternatives<Stage> == 3, "HeadMeter: every Stage");
  static_assert(detail::alternatives<ScoredSide> == 3, "HeadMeter: every ScoredSide");
  static_assert(detail::alternatives<GqaPolicy> == 2, "HeadMeter: every GqaPolicy");
  static_assert(detail::alternatives<Side> == 2, "HeadMeter: every Side");

 public:
  /// wanted: at least one indicator; scores() answers for every entropy at their stages and sides that
  /// the same Grams serve. gram: how rows are treated for all entropies but Uncomp (whose way is its
  /// own). sampling: which tokens count; those it passes over are not looked at. Throws Error where shapes
  /// do not fit, or an indicator cannot rank.
  HeadMeter(const AttentionShape& shape, Pairing pairing, Frequencies native, Frequencies scaled,
            std::span<const Indicator> wanted, GramOptions gram = {}, TokenSampling sampling = {})
      : shape_(shape), pairing_(pairing), gram_options_(gram), sampling_(sampling) {
    validate(shape_);
    detail::validate(sampling_);
    if (wanted.empty()) fail("HeadMeter", "no indicator", "at least one");
    if (2 * native.bands() != shape_.rotated_width || 2 * scaled.bands() != shape_.rotated_width) {
      fail("HeadMeter", detail::text(native.bands(), " native and ", scaled.bands(), " scaled frequencies"),
           detail::text(shape_.rotated_width / 2, " of each"));
    }
    detail::require_frequencies<double>("HeadMeter", native.omega, native.attention_factor);
    detail::require_frequencies<double>("HeadMeter", scaled.omega, scaled.attention_factor);
    frequencies_ = {Frequencies{std::vector<double>(native.bands(), 0.0), 1.0}, std::move(scaled),
                    std::move(native)};
    for (const Indicator& indicator : wanted) {
      require_ranks(indicator.entropy);
      for (const Side side : {Side::query, Side::key}) {
        if (!reads(indicator.side, side)) continue;
        Need& need = needs_[need_index(indicator.stage, side)];
        (std::holds_alternative<Uncomp>(indicator.entropy) ? need.uncomp : need.gram) = Kept::yes;
      }
    }
    layers_.resize(shape_.layers);
    for (auto& cells : layers_) {
      for (const Stage stage : stages) {
        for (const Side side : {Side::query, Side::key}) {
          const Need need = needs_[need_index(stage, side)];
          for (std::size_t head = 0; head < heads(side); ++head) cells.push_back(make_cell(need));
        }
      }
    }
  }

  /// A meter of the same settings, in the same pass with the same means, without tokens.
  [[nodiscard]] HeadMeter fresh() const {
    HeadMeter other = *this;
    for (auto& cells : other.layers_) {
      for (Cell& cell : cells) {
        if (cell.gram) cell.gram.emplace(shape_.head_width, gram_options_);
        if (cell.mean) cell.mean.emplace(shape_.head_width);
        if (cell.centred) cell.centred.emplace(shape_.head_width, centred_options(), cell.centred->mean());
      }
    }
    return other;
  }

  /// Unrotated q [tokens, query heads, width] and k [tokens, key heads, width] of one layer, at
  /// positions first_position, first_position + 1, …
  ///
  /// Rotated copies are made block by block in compute_t<T>; q and k are only read. Throws Error,
  /// naming layer, head, token and channel, where a value is not finite or above min(2¹⁰⁰, 2¹²⁷/1.5a) (for
  /// double, min(2⁴⁰⁰, 2⁴⁸⁰/1.5a)), a the largest attention factor of a stage that is measured, at least 1;
  /// and where a shape does not fit, or a position is beyond 2⁵³. It then changes nothing. After
  /// std::bad_alloc, the layer's sums are incomplete.
  template <Readable T>
  void add(std::size_t layer, HeadsView<T> q, HeadsView<T> k, std::int64_t first_position) {
    add(layer, q, k,
        std::span<const std::int64_t>(
            detail::consecutive_positions("HeadMeter::add", first_position, q.tokens)));
  }

  /// The same, token i at positions[i].
  template <Readable T>
  void add(std::size_t layer, HeadsView<T> q, HeadsView<T> k, std::span<const std::int64_t> positions) {
    using Stored = std::remove_const_t<T>;
    detail::require_positions("HeadMeter::add", positions);
    const auto taken = detail::taken_tokens(sampling_, positions);
    detail::require_heads<Stored>("HeadMeter::add", shape_, layer, q, k, positions, taken,
                                  attention_factor());
    for (std::size_t first = 0; first < taken.size(); first += detail::rotated_block_tokens) {
      const std::size_t count = (std::min)(detail::rotated_block_tokens, taken.size() - first);
      add_block<Stored>(layer, q, k, positions, std::span(taken).subspan(first, count));
    }
  }

  /// Add the tokens behind `other`. Throws Error unless its settings, pass and, in the second pass, means are
  /// this meter's, and tokens are at most 2⁶² together. It then changes nothing.
  template <std::same_as<HeadMeter> Meter>
  void merge(const Meter& other) {
    if (!(other.shape_ == shape_) || other.pairing_ != pairing_ || other.frequencies_ != frequencies_ ||
        !(other.gram_options_ == gram_options_) || !(other.sampling_ == sampling_) ||
        other.needs_ != needs_ || other.pass_ != pass_) {
      fail("HeadMeter::merge", "a meter of other settings or in another pass", "equal settings and pass");
    }
    const auto each_pair = [&](auto use) {
      for (std::size_t layer = 0; layer < layers_.size(); ++layer) {
        for (std::size_t i = 0; i < layers_[layer].size(); ++i)
          use(layers_[layer][i], other.layers_[layer][i]);
      }
    };
    each_pair([](const Cell& mine, const Cell& others) { mine.require_merges(others); });
    each_pair([](Cell& mine, const Cell& others) { mine.merge(others); });
  }

  /// Whether an Uncomp is wanted and the second pass has not been started.
  [[nodiscard]] bool needs_second_pass() const noexcept {
    return pass_ == Pass::first && std::any_of(needs_.begin(), needs_.end(),
                                               [](const Need& need) { return need.uncomp == Kept::yes; });
  }

  /// From here on, add() takes the same tokens again, about the means of the first pass. Throws Error
  /// where no second pass is needed, or a layer has no tokens.
  void start_second_pass() {
    if (!needs_second_pass()) fail("HeadMeter", "a second pass", "an Uncomp wanted, and one second pass");
    auto layers = layers_;
    for (auto& cells : layers) {
      for (Cell& cell : cells) {
        if (cell.mean) cell.centred.emplace(shape_.head_width, centred_options(), cell.mean->mean());
      }
    }
    layers_ = std::move(layers);
    pass_ = Pass::second;
  }

  /// The spectra of one head: all that the kept Grams yield. Throws Error, naming the head, where it has
  /// no tokens, only zeros, or a second pass that is missing or not complete.
  template <class = void>
  [[nodiscard]] HeadSpectra spectra(std::size_t layer, Side side, std::size_t head, Stage stage) const {
    const Need need = needs_[need_index(stage, side)];
    return spectra(layer, side, head, stage, {need.gram, need.gram, need.uncomp});
  }

  /// The Gram of one head. Throws Error where there is no such head or no indicator asked for it.
  [[nodiscard]] const Gram& gram(std::size_t layer, Side side, std::size_t head, Stage stage) const {
    const Cell& cell = cell_of(layer, side, head, stage);
    if (!cell.gram) missing(stage, side);
    return *cell.gram;
  }

  /// One score per unit of the policy, by layer, then head.
  ///
  ///   per_query_head  query: of that head; key: of the key head it reads, so repeated over the group
  ///   per_key_group   query: mean over the group's query heads; key: of that head
  ///   both            mean of the query's score and the key's
  /// Throws as spectra() does, and where stage, side or entropy was not asked for.
  template <class = void>
  [[nodiscard]] std::vector<HeadScore> scores(const Indicator& indicator, GqaPolicy gqa) const {
    return std::move(scores(std::span<const Indicator>(&indicator, 1), gqa).front());
  }

  /// The same for many indicators, each head's spectrum computed once: result[i] belongs to indicators[i].
  template <class = void>
  [[nodiscard]] std::vector<std::vector<HeadScore>> scores(std::span<const Indicator> indicators,
                                                           GqaPolicy gqa) const {
    std::vector<std::array<std::vector<double>, 2>> values(indicators.size());
    for (const Stage stage : stages) {
      for (const Side side : {Side::query, Side::key}) evaluate_all(indicators, stage, side, values);
    }
    std::vector<std::vector<HeadScore>> results(indicators.size());
    for (std::size_t i = 0; i < indicators.size(); ++i) {
      for (std::size_t layer = 0; layer < shape_.layers; ++layer) {
        for (std::size_t unit = 0; unit < shape_.units(gqa); ++unit) {
          results[i].push_back({{layer, unit}, combine(indicators[i].side, gqa, layer, unit, values[i])});
        }
      }
    }
    return results;
  }

 private:
  enum class Pass { first, second };
  enum class Kept { no, yes };

  struct Need {
    Kept gram = Kept::no;
    Kept uncomp = Kept::no;
    bool operator==(const Need&) const = default;
  };

  /// What is computed of a head when scores are taken.
  struct Parts {
    Kept head = Kept::no;
    Kept bands = Kept::no;
    Kept uncomp = Kept::no;
  };

  struct Cell {
    std::optional<Gram> gram;
    std::optional<TokenMean> mean;
    std::optional<Gram> centred;

    template <class View>
    void add(const View& block, Pass pass) {
      if (pass == Pass::second) {
        if (centred) centred->add(block);
        return;
      }
      if (gram) gram->add(block);
      if (mean) mean->add(block);
    }

    /// Throws Error where merge(other) would, or sums could overflow.
    template <std::same_as<Cell> ACell>
    void require_merges(const ACell& other) const {
      const auto require_tokens = [](std::size_t tokens, std::size_t more) {
        constexpr std::size_t most = std::size_t{1} << 62;
        if (tokens > most || more > most - tokens) {
          fail("HeadMeter::merge", detail::text(tokens, " and ", more, " tokens"),
               detail::text("at most ", most, " together"));
        }
      };
      if (gram) require_tokens(gram->tokens(), other.gram->tokens());
      if (mean) require_tokens(mean->tokens(), other.mean->tokens());
      if (!centred) return;
      require_tokens(centred->tokens(), other.centred->tokens());
      if (centred->mean() != other.centred->mean()) {
        fail("HeadMeter::merge", "a second pass about other means", "the means of one first pass: fresh()");
      }
    }

    template <std::same_as<Cell> ACell>
    void merge(const ACell& other) {
      if (gram) gram->merge(*other.gram);
      if (mean) mean->merge(*other.mean);
      if (centred) centred->merge(*other.centred);
    }
  };

  static constexpr std::array<Stage, 3> stages = {Stage::pre_ntk, Stage::post_ntk, Stage::post_rope};

  static constexpr bool reads(ScoredSide scored, Side side) noexcept {
    return scored == ScoredSide::both || (scored == ScoredSide::query) == (side == Side::query);
  }

  static constexpr std::size_t need_index(Stage stage, Side side) noexcept {
    return 2 * static_cast<std::size_t>(stage) + static_cast<std::size_t>(side);
  }

  /// The largest attention factor of a stage that is measured, in size.
  [[nodiscard]] double attention_factor() const noexcept {
    double largest = 0.0;
    for (const Stage stage : {Stage::post_ntk, Stage::post_rope}) {
      if (!measures(stage)) continue;
      largest = (std::max)(largest, std::abs(frequencies_of(stage).attention_factor));
    }
    return largest;
  }

  [[nodiscard]] bool measures(Stage stage) const noexcept {
    return !(needs_[need_index(stage, Side::query)] == Need{} &&
             needs_[need_index(stage, Side::key)] == Need{});
  }

  /// At most rotated_block_tokens tokens: each stage's table is made once, each row read once.
  template <Scalar T>
  void add_block(std::size_t layer, HeadsView<const T> q, HeadsView<const T> k,
                 std::span<const std::int64_t> positions, std::span<const std::size_t> taken) {
    using C = compute_t<T>;
    std::vector<std::int64_t> at;
    for (const std::size_t token : taken) at.push_back(positions[token]);
    std::array<RotationTable<C>, stages.size()> tables;
    for (const Stage stage : {Stage::post_ntk, Stage::post_rope}) {
      if (!measures(stage)) continue;
      tables[static_cast<std::size_t>(stage)] =
          RotationTable<C>(frequencies_of(stage), std::span<const std::int64_t>(at));
    }
    std::vector<C> memory(2 * taken.size() * shape_.head_width);
    const HeadView<C> read = dense_head(memory.data(), taken.size(), shape_.head_width);
    const HeadView<C> turned = dense_head(memory.data() + memory.size() / 2, taken.size(), shape_.head_width);
    for (const Side side : {Side::query, Side::key}) {
      const HeadsView<const T> all = side == Side::query ? q : k;
      const bool wanted = std::any_of(stages.begin(), stages.end(), [&](Stage stage) {
        return !(needs_[need_index(stage, side)] == Need{});
      });
      for (std::size_t head = 0; wanted && head < all.heads; ++head) {
        const HeadView<const T> rows = all.head(head);
        for (std::size_t i = 0; i < taken.size(); ++i) widen(rows.row(taken[i]), read.row(i), rows.width);
        for (const Stage stage : stages) {
          if (needs_[need_index(stage, side)] == Need{}) continue;
          Cell& cell = layers_[layer][cell_index(stage, side, head)];
          if (stage == Stage::pre_ntk) {
            cell.add(HeadView<const C>(read), pass_);
          } else {
            rotate(read, turned, tables[static_cast<std::size_t>(stage)].view(), pairing_);
            cell.add(HeadView<const C>(turned), pass_);
          }
        }
      }
    }
  }

  [[nodiscard]] GramOptions centred_options() const noexcept {
    return {Centring::token_mean, RowScaling::unit, gram_options_.accumulation};
  }

  [[nodiscard]] std::size_t heads(Side side) const noexcept {
    return side == Side::query ? shape_.query_heads : shape_.key_heads;
  }

  [[nodiscard]] std::size_t cell_index(Stage stage, Side side, std::size_t head) const noexcept {
    const std::size_t before = static_cast<std::size_t>(stage) * (shape_.query_heads + shape_.key_heads);
    return before + (side == Side::key ? shape_.query_heads : 0) + head;
  }

  [[nodiscard]] const Frequencies& frequencies_of(Stage stage) const noexcept {
    return frequencies_[static_cast<std::size_t>(stage)];
  }

  [[nodiscard]] Cell make_cell(Need need) const {
    Cell cell;
    if (need.gram == Kept::yes) cell.gram.emplace(shape_.head_width, gram_options_);
    if (need.uncomp == Kept::yes) cell.mean.emplace(shape_.head_width);
    return cell;
  }

  [[nodiscard]] const Cell& cell_of(std::size_t layer, Side side, std::size_t head, Stage stage) const {
    if (layer >= shape_.layers || head >= heads(side)) {
      fail("HeadMeter", detail::text("layer ", layer, ", ", name_of(side), " head ", head),
           detail::text("a layer below ", shape_.layers, " and a head below ", heads(side)));
    }
    return layers_[layer][cell_index(stage, side, head)];
  }

  [[noreturn]] static void missing(Stage stage, Side side) {
    fail("HeadMeter", detail::text(name_of(stage), "/", name_of(side), ", not measured for this entropy"),
         "an indicator that the meter was made for");
  }

  template <class = void>
  [[nodiscard]] HeadSpectra spectra(std::size_t layer, Side side, std::size_t head, Stage stage,
                                    Parts parts) const {
    const Cell& cell = cell_of(layer, side, head, stage);
    if ((parts.head == Kept::yes || parts.bands == Kept::yes) && !cell.gram) missing(stage, side);
    if (parts.uncomp == Kept::yes && !cell.mean) missing(stage, side);
    if (parts.uncomp == Kept::yes && (!cell.centred || cell.centred->tokens() != cell.mean->tokens())) {
      fail("HeadMeter", "an Uncomp score before the second pass is complete",
           "start_second_pass(), then every token once more");
    }
    const detail::ErrorContext context([&] { return name_of_head(layer, side, head, stage); });
    HeadSpectra result;
    if (parts.head == Kept::yes) result.head = spectrum_of(*cell.gram);
    if (parts.bands == Kept::yes) {
      result.bands = band_grams_of(*cell.gram, pairing_, shape_.rotated_width / 2);
    }
    if (parts.uncomp == Kept::yes) result.uncomp = spectrum_of(*cell.centred);
    return result;
  }

  static std::string name_of_head(std::size_t layer, Side side, std::size_t head, Stage stage) {
    return detail::text("HeadMeter, layer ", layer, ", ", name_of(side), " head ", head, ", ",
                        name_of(stage));
  }

  /// values[i][side][layer * heads + head] of every indicator that reads this stage and side.
  template <class = void>
  void evaluate_all(std::span<const Indicator> indicators, Stage stage, Side side,
                    std::vector<std::array<std::vector<double>, 2>>& values) const {
    Parts parts;
    std::vector<std::size_t> readers;
    for (std::size_t i = 0; i < indicators.size(); ++i) {
      const Entropy& entropy = indicators[i].entropy;
      if (indicators[i].stage != stage || !reads(indicators[i].side, side)) continue;
      readers.push_back(i);
      if (std::holds_alternative<Uncomp>(entropy)) {
        parts.uncomp = Kept::yes;
      } else if (std::holds_alternative<BandMean>(entropy)) {
        parts.bands = Kept::yes;
      } else {
        parts.head = Kept::yes;
      }
    }
    if (readers.empty()) return;
    for (std::size_t layer = 0; layer < shape_.layers; ++layer) {
      for (std::size_t head = 0; head < heads(side); ++head) {
        const HeadSpectra all = spectra(layer, side, head, stage, parts);
        const detail::ErrorContext context([&] { return name_of_head(layer, side, head, stage); });
        for (const std::size_t i : readers) {
          values[i][static_cast<std::size_t>(side)].push_back(evaluate(indicators[i].entropy, all));
        }
      }
    }
  }

  [[nodiscard]] double combine(ScoredSide side, GqaPolicy gqa, std::size_t layer, std::size_t unit,
                               const std::array<std::vector<double>, 2>& values) const {
    const bool alone = gqa == GqaPolicy::per_query_head;
    double query = 0.0;
    double key = 0.0;
    if (reads(side, Side::query)) {
      const double* of_layer = values[0].data() + layer * shape_.query_heads;
      const std::size_t count = alone ? 1 : shape_.group();
      for (std::size_t i = 0; i < count; ++i) query += of_layer[unit * count + i];
      query /= static_cast<double>(count);
    }
    if (reads(side, Side::key)) {
      key = values[1][layer * shape_.key_heads + (alone ? shape_.key_head_of(unit) : unit)];
    }
    return side == ScoredSide::both ? 0.5 * (query + key) : query + key;
  }

  AttentionShape shape_;
  Pairing pairing_;
  GramOptions gram_options_;
  TokenSampling sampling_;
  std::array<Frequencies, 3> frequencies_;  // per stage
  std::array<Need, 6> needs_;               // per stage and side
  std::vector<std::vector<Cell>> layers_;   // per layer: stage, then side, then head
  Pass pass_ = Pass::first;
};

}  // namespace dope
