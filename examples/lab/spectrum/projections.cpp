// SPDX-License-Identifier: MIT
#include "lab/spectrum/projections.hpp"

#include <cmath>
#include <string_view>

#include "dope/core/error.hpp"
#include "dope/core/side.hpp"

namespace spectrum {
namespace {

using dope::detail::text;

void require_side(const Projections& from, dope::Side side) {
  const auto& layers = side == dope::Side::query ? from.queries : from.keys;
  const std::size_t heads = side == dope::Side::query ? from.shape.query_heads : from.shape.key_heads;
  const std::size_t row = heads * from.shape.head_width;
  if (layers.size() != from.shape.layers) {
    throw dope::Error("projections", text(layers.size(), " layers of ", name_of(side), " rows"),
                      text(from.shape.layers));
  }
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    if (layers[layer].size() != from.tokens * row) {
      throw dope::Error(text("projections, layer ", layer, ", ", name_of(side)),
                        text(layers[layer].size(), " numbers"),
                        text(from.tokens, " tokens of ", heads, " heads of width ", from.shape.head_width));
    }
    for (std::size_t i = 0; i < layers[layer].size(); ++i) {
      if (std::isfinite(layers[layer][i])) continue;
      throw dope::Error(text("projections, layer ", layer, ", ", name_of(side), " head ",
                             i % row / from.shape.head_width, ", token ", i / row),
                        text(layers[layer][i]), "a finite number");
    }
  }
}

}  // namespace

void validate(const Projections& from) {
  dope::validate(from.shape);
  if (from.tokens == 0 || from.training_length == 0) {
    throw dope::Error("projections", text(from.tokens, " tokens, training length ", from.training_length),
                      "at least 1 of each");
  }
  if (from.length < from.tokens) {
    throw dope::Error("projections", text("a request of ", from.length, " tokens"),
                      text("at least the ", from.tokens, " that are there"));
  }
  const std::size_t bands = from.shape.rotated_width / 2;
  if (from.native.bands() != bands || from.scaled.bands() != bands) {
    throw dope::Error("projections",
                      text(from.native.bands(), " native and ", from.scaled.bands(), " scaled frequencies"),
                      text(bands, " of each, for the rotated width ", from.shape.rotated_width));
  }
  if (from.needle && (from.needle->first >= from.needle->end || from.needle->end > from.tokens)) {
    throw dope::Error("projections", text("a needle at tokens ", from.needle->first, ":", from.needle->end),
                      text("FIRST < END, at most ", from.tokens, " tokens"));
  }
  require_side(from, dope::Side::query);
  require_side(from, dope::Side::key);
}

}  // namespace spectrum
