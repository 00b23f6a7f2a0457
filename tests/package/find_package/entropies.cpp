// SPDX-License-Identifier: MIT
#include "entropies.hpp"

#include <dope/dope.hpp>
#include <vector>

namespace {

double entropy_of(const std::vector<float>& rows) {
  return dope::von_neumann(dope::spectrum_of(dope::gram_of(dope::dense_head(rows.data(), 4, 4))));
}

}  // namespace

std::vector<dope::HeadScore> entropies() {
  return {{{.layer = 0, .head = 0}, entropy_of({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1})},
          {{.layer = 0, .head = 1}, entropy_of({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1})}};
}
