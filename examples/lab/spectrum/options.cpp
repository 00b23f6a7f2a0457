// SPDX-License-Identifier: MIT
#include "lab/spectrum/options.hpp"

#include <cxxopts.hpp>
#include <string_view>

#include "dope/core/error.hpp"
#include "lab/support/options_parser.hpp"

namespace spectrum {
namespace {

using dope::detail::text;

constexpr std::string_view introduction =
    "The spectral microscope: what each head's queries and keys look like, before and after rotation.\n\n"
    "Of every layer, head, side and stage: eigenvalues, entropies, ranks; of every band: energy, cone, and "
    "what "
    "the\n"
    "amplification theorems promise beside what is measured; of every query head: sinks, attention entropy, "
    "recency,\n"
    "retrieval. Reads a needle prompt (or --text) with --model, or the q and k of any engine with --qk.\n\n"
    "Leaves in --out: spectrum.html, spectrum.json, spectrum.safetensors, and bands.svg, cones.svg, "
    "bounds.svg.\n"
    "docs/spectrum.md says what stands in them.\n";

void require_together(const cxxopts::ParseResult& result) {
  const bool file = result.count("qk") != 0;
  for (const char* name : {"model", "bytes", "text", "length", "depth", "seed"}) {
    if (file && result.count(name) != 0)
      throw dope::Error(text("--", name), "beside --qk", "--qk alone: its file has all tokens");
  }
  for (const char* name : {"base", "training-length", "rotated-width", "pairing"}) {
    if (!file && result.count(name) != 0)
      throw dope::Error(text("--", name), "without --qk", "--qk: a model's config.json says it otherwise");
  }
  if (!file && result.count("needle") != 0 && result.count("text") == 0)
    throw dope::Error("--needle", "for a needle prompt", "--text or --qk: a needle prompt knows its own");
}

Options read_options(const cxxopts::ParseResult& result) {
  require_together(result);
  Options options;
  const auto word = [&](const char* name) { return result[name].as<std::string>(); };
  const auto number = [&](const char* name, std::size_t least, std::size_t most) {
    return lab::whole_number(name, word(name), least, most);
  };
  options.model = word("model");
  if (result.count("bytes") != 0) options.tokens = reference::Tokens::bytes;
  if (result.count("text") != 0) options.text = word("text");
  if (result.count("qk") != 0) options.qk = word("qk");
  options.length = lab::length_of("length", word("length"));
  options.depth = real_number("--depth", word("depth"), 0.0, 1.0);
  options.seed = number("seed", 0, (std::size_t{1} << 32) - 1);
  options.scaling = word("scaling");
  if (result.count("needle") != 0) options.needle = token_range("--needle", word("needle"));
  if (result.count("base") != 0) options.base = real_number("--base", word("base"), 1.0, 1e12);
  if (result.count("training-length") != 0)
    options.training_length = number("training-length", 1, std::size_t{1} << 31);
  if (result.count("rotated-width") != 0) options.rotated_width = number("rotated-width", 2, 65536);
  if (result.count("pairing") != 0)
    options.pairing =
        lab::in_option("--pairing", [&] { return dope::parse<dope::Pairing>(word("pairing")); });
  options.survey.attention_rows = number("rows", 1, std::size_t{1} << 24);
  options.survey.bins = number("bins", 1, 4096);
  options.survey.map_tokens = number("map-tokens", 1, 4096);
  options.panels = number("panels", 1, 4096);
  if (result.count("save-qk") != 0) options.projected = Projected::saved;
  options.out = word("out");
  if (options.out.empty()) throw dope::Error("--out", "nothing", "a folder");
  options.threads = static_cast<int>(number("threads", 0, 1024));
  return options;
}

}  // namespace

TokenRange token_range(const std::string& where, const std::string& given) {
  const auto parts = lab::split(given, ':');
  if (parts.size() == 2) {
    const auto first = lab::as_number<std::size_t>(parts[0]);
    const auto end = lab::as_number<std::size_t>(parts[1]);
    if (first && end && *first < *end) return {*first, *end};
  }
  throw dope::Error(where, '"' + given + '"', "tokens FIRST:END, FIRST < END, as 512:540");
}

double real_number(const std::string& where, const std::string& given, double least, double most) {
  const auto value = lab::as_number<double>(given);
  if (value && *value >= least && *value <= most) return *value;
  throw dope::Error(where, '"' + given + '"', text("a number from ", least, " to ", most));
}

Parsed parse_options(int argc, const char* const* argv) {
  cxxopts::Options parser("spectrum", std::string(introduction));
  parser.set_width(110);
  const auto standard = [](const char* value) { return cxxopts::value<std::string>()->default_value(value); };
  const auto optional = [] { return cxxopts::value<std::string>(); };
  parser.add_options("Tokens")("model", "Folder with config.json, model.safetensors, lexicon.json",
                               standard("examples/model"), "DIR")(
      "bytes", "The model's tokens 0 to 255 are bytes; for a folder whose config.json does not say so")(
      "text", "A file whose first bytes are read; otherwise a needle prompt", optional(), "FILE")(
      "length", "Tokens, or training lengths", standard("8L"), "LENGTH")(
      "depth", "Of the needle: 0, at the start, to 1", standard("0.5"), "SHARE")(
      "seed", "Of the needle prompt", standard("1"), "N")(
      "needle", "Where the needle stands in --text or --qk: tokens FIRST to END - 1", optional(),
      "FIRST:END")("scaling",
                   "In force: plain, positional_interpolation, dynamic_ntk, static_ntk, yarn, yarn_paper or "
                   "llama3",
                   standard("dynamic_ntk"), "NAME");
  parser.add_options("Tensors of any engine")(
      "qk",
      "Safetensors file with unrotated q and k, [layers, tokens, heads, width] or [tokens, heads, width]",
      optional(), "FILE")("base", "Of the frequencies (metadata \"base\")", optional(), "B")(
      "training-length", "L (metadata \"training_length\")", optional(), "L")(
      "rotated-width", "Leading channels that turn (metadata \"rotated_width\"; else the head's width)",
      optional(), "D")("pairing", "half_split or interleaved (metadata \"pairing\"; else half_split)",
                       optional(), "NAME");
  parser.add_options("Measurement")("rows", "Rows of attention that are measured at most, evenly apart",
                                    standard("1024"), "N")(
      "bins", "Of tokens, in pictures of attention and magnitude", standard("128"), "N")(
      "map-tokens", "Tokens in the token x eigenvector maps", standard("256"), "N")(
      "panels", "Heads that the page shows one by one at most", standard("64"), "N");
  parser.add_options("Run")("out", "Folder for results; made where there is none", standard("out/spectrum"),
                            "DIR")("save-qk", "Leave q and k there too, as qk.safetensors, for --qk")(
      "threads", "0: as many as the system offers", standard("0"), "N")("help", "This text");
  return lab::parse_command_line<Parsed>(parser, {"Tokens", "Tensors of any engine", "Measurement", "Run"},
                                         argc, argv, read_options);
}

}  // namespace spectrum
