// SPDX-License-Identifier: MIT
#include "dope/denoise/score.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dope;

TEST_CASE("an indicator's name reads back as the same indicator") {
  const Entropy entropies[] = {VonNeumann{},
                               BandMean{},
                               TruncatedEffectiveRank{8},
                               TruncatedMean{1},
                               Uncomp{32},
                               SpectralNorm{NormScale::raw},
                               SpectralNorm{NormScale::trace_share}};
  for (const Stage stage : {Stage::pre_ntk, Stage::post_ntk, Stage::post_rope}) {
    for (const ScoredSide side : {ScoredSide::query, ScoredSide::key, ScoredSide::both}) {
      for (const Entropy& entropy : entropies) {
        const Indicator indicator{stage, side, entropy};
        CHECK(parse_indicator(name_of(indicator)) == indicator);
      }
    }
  }
  CHECK(name_of(Indicator{Stage::post_ntk, ScoredSide::key, TruncatedEffectiveRank{8}}) ==
        "post_ntk/key/truncated_effective_rank(r=8)");
}

TEST_CASE("other names are errors") {
  for (const char* name : {"", "post_ntk", "post_ntk/key", "post_ntk/key/", "post_ntk//von_neumann",
                           "/key/von_neumann", "post_ntk/key/von_neumann/", "Post_ntk/key/von_neumann",
                           "post_ntk/keys/von_neumann", "post_ntk/key/uncomp", "pre-ntk/key/von_neumann"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(static_cast<void>(parse_indicator(name)), Error);
  }
}

TEST_CASE("an indicator of too few parts is an error of the whole") {
  CHECK_THROWS_WITH_AS(static_cast<void>(parse_indicator("post_ntk/key")),
                       "parse_indicator: given \"post_ntk/key\", expected stage/side/entropy", Error);
}

TEST_CASE("every enumeration's names read back") {
  const auto round_trip = []<class E>(E, int count) {
    for (int i = 0; i < count; ++i) CHECK(parse<E>(name_of(static_cast<E>(i))) == static_cast<E>(i));
    CHECK_THROWS_AS(static_cast<void>(parse<E>("")), Error);
  };
  round_trip(Stage{}, 3);
  round_trip(ScoredSide{}, 3);
  round_trip(Centring{}, 2);
  round_trip(RowScaling{}, 2);
  round_trip(Accumulation{}, 3);
}
