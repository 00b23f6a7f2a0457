// SPDX-License-Identifier: MIT
#include "lab/support/haystack.hpp"

#include <algorithm>
#include <limits>

#include "dope/core/error.hpp"
#include "lab/support/files.hpp"
#include "lab/support/fingerprint.hpp"
#include "lab/support/prose.hpp"
#include "lab/support/random.hpp"
#include "transformer/input_file.hpp"

namespace lab {
namespace {

constexpr std::uint32_t prose_lead = 200;  // bytes: longer than any sentence of the default lexicon

std::string cut_prose(const Lexicon& lexicon, std::uint64_t seed, std::size_t bytes) {
  Random words(seed, Stream::haystack_text);
  const std::size_t start = Random(seed, Stream::haystack_start).below(prose_lead);
  return prose(lexicon, words, start + bytes).substr(start, bytes);
}

std::string cut_text(const std::string& text, std::uint64_t seed, std::size_t bytes, std::size_t capacity) {
  const std::size_t starts = text.size() >= capacity ? text.size() - capacity + 1 : text.size();
  const auto bound =
      static_cast<std::uint32_t>(std::min<std::size_t>(starts, std::numeric_limits<std::uint32_t>::max()));
  const std::size_t start = Random(seed, Stream::haystack_start).below(bound);
  std::string taken = text.substr(start, bytes);
  while (taken.size() < bytes) taken.append(text, 0, bytes - taken.size());
  return taken;
}

}  // namespace

Haystack Haystack::of_prose(Lexicon lexicon) { return Haystack(std::move(lexicon)); }

Haystack::Haystack(Lexicon lexicon)
    : source_(std::move(lexicon)), identity_("prose " + std::get<Lexicon>(source_).fingerprint) {}

Haystack::Haystack(std::string text)
    : source_(std::move(text)), identity_(fingerprint(std::get<std::string>(source_))) {}

Haystack Haystack::of_file(const std::filesystem::path& path, std::string_view option) {
  const std::string where = input_name(option, path);
  std::string text = reference::read_input(where, path, largest_text, reference::Source::file_or_pipe);
  if (text.empty()) throw dope::Error(where, "an empty text", "at least one byte");
  return Haystack(std::move(text));
}

std::string Haystack::cut(std::uint64_t seed, std::size_t bytes, std::size_t capacity) const {
  if (bytes > capacity) {
    throw dope::Error("Haystack::cut", dope::detail::text(bytes, " bytes of a capacity of ", capacity),
                      "no more bytes than the capacity");
  }
  if (const auto* lexicon = std::get_if<Lexicon>(&source_)) return cut_prose(*lexicon, seed, bytes);
  return cut_text(std::get<std::string>(source_), seed, bytes, capacity);
}

}  // namespace lab
