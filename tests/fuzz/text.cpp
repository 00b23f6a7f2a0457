// SPDX-License-Identifier: MIT
// Text of options: transforms, entropies, indicators, lengths, numbers, names. The first byte chooses which.
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "dope/denoise.hpp"
#include "dope/spectral.hpp"
#include "fuzz/target.hpp"
#include "lab/support/baselines.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/lexicon.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/tensor.hpp"

namespace {

template <class Parse>
void require_inverse(std::string_view text, const Parse& parse) {
  fuzz::reads([&] {
    const auto value = parse(text);
    fuzz::require(parse(name_of(value)) == value, "parse(name_of(x)) == x");
  });
}

template <class... Names>
void require_names(std::string_view text) {
  (require_inverse(text, [](std::string_view name) { return dope::parse<Names>(name); }), ...);
}

void require_length(std::string_view text) {
  fuzz::reads([&] {
    const auto length = lab::length_of("length", text);
    constexpr std::size_t most = std::size_t{1} << 24;
    fuzz::require(length.count >= 1 && length.count <= most && length.parts >= 1 && length.parts <= most,
                  "counts and parts are 1 to 2^24");
    static_cast<void>(lab::length_text(length.tokens(512), 512));
  });
}

void require_printable(std::string_view text) {
  const std::string shown = reference::printable(text);
  for (const char character : shown)
    fuzz::require(character >= ' ' && character <= '~', "printable() is printable ASCII");
}

void require_split(std::string_view text) {
  std::string joined;
  for (const auto& part : lab::split(text, ',')) joined += part + ',';
  joined.pop_back();
  fuzz::require(joined == text, "the parts of split() are the text");
}

void read(std::string_view bytes) {
  constexpr std::size_t kinds = 12;
  switch (fuzz::take_choice(bytes, kinds)) {
    case 0:
      require_inverse(bytes, [](std::string_view text) { return dope::parse_transform(text); });
      break;
    case 1:
      require_inverse(bytes, [](std::string_view text) { return dope::parse_entropy(text); });
      break;
    case 2: {
      fuzz::reads([&] {
        const auto indicator = dope::parse_indicator(bytes);
        const auto again = dope::parse_indicator(name_of(indicator));
        fuzz::require(name_of(again) == name_of(indicator), "parse_indicator inverts name_of");
      });
      break;
    }
    case 3:
      require_length(bytes);
      break;
    case 4:
      require_names<dope::Stage, dope::ScoredSide, dope::Order, dope::GqaPolicy, dope::Pairing, dope::Side>(
          bytes);
      break;
    case 5: {
      fuzz::reads([&] {
        const auto number = lab::whole_number("seed", bytes, 3, 1u << 20);
        fuzz::require(number >= 3 && number <= 1u << 20, "a whole number lies in its range");
      });
      break;
    }
    case 6:
      static_cast<void>(lab::as_number<double>(bytes));
      break;
    case 7: {
      for (const std::size_t length : {std::size_t{1}, std::size_t{512}, std::size_t{8192}})
        fuzz::reads([&] {
          const auto scaling = lab::scaling_named(std::string(bytes), dope::Unscaled{}, 512, length);
          const dope::RopeParameters rope{10000.0, 32, 32, 512};
          static_cast<void>(dope::scaled_frequencies(rope, scaling, length));
        });
      break;
    }
    case 8: {
      const auto dtype = reference::dtype_named(bytes);
      fuzz::require(!dtype || name_of(*dtype) == bytes, "name_of inverts dtype_named");
      break;
    }
    case 9:
      require_printable(bytes);
      break;
    case 10:
      require_split(bytes);
      break;
    default:
      fuzz::reads([&] { static_cast<void>(lab::parse_lexicon(bytes, "lexicon.json")); });
  }
}

}  // namespace

DOPE_FUZZ_TARGET(read)
