// SPDX-License-Identifier: MIT
#include "dope/core/ieee.hpp"

#include <doctest/doctest.h>

#include <cfenv>

#include "dope/core/error.hpp"

TEST_CASE("rounding to nearest passes, every other rounding mode is an error") {
  CHECK_NOTHROW(dope::detail::require_ieee("here"));
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    CAPTURE(mode);
    bool refused = false;
    REQUIRE(std::fesetround(mode) == 0);
    try {
      dope::detail::require_ieee("here");
    } catch (const dope::Error&) {
      refused = true;
    }
    std::fesetround(FE_TONEAREST);
    CHECK(refused);
  }
}
