// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <cxxopts.hpp>
#include <string_view>

#include "dope/core/error.hpp"
#include "lab/support/baselines.hpp"
#include "lab/support/options_parser.hpp"

namespace perplexity {
namespace {

constexpr std::string_view introduction =
    "Bits per byte against position: what each method costs a model in and beyond its training length L.\n\n"
    "growing: one pass over a text of --length tokens; bits of each next byte, averaged over positions.\n"
    "sliding: the same bytes, seen from windows of W tokens, for each W of --windows. Every window is a "
    "request\n"
    "of its own, the start token and W - 1 bytes; its last --stride bytes are scored, so that each has "
    "between\n"
    "W - stride and W - 1 tokens before it.\n\n"
    "Methods: the model's own RoPE, Positional Interpolation, Dynamic NTK, static NTK, YaRN (code and "
    "paper),\n"
    "Llama 3, Dual Chunk Attention, sink with window; each --plan on top of Dynamic NTK. All are set for "
    "the\n"
    "length of the request: --length while growing, W while sliding.\n\n"
    "Leaves in --out: table.md, results.jsonl (a line per finished passage, every convention in the first),\n"
    "bits_by_position.svg. Ctrl-C keeps finished passages; the same command goes on from there.\n";

Modes modes_of(const std::string& text) {
  if (text == "both") return Modes::both;
  if (text == "growing") return Modes::growing;
  if (text == "sliding") return Modes::sliding;
  throw dope::Error("--mode", '"' + text + '"', "both, growing or sliding");
}

Options read(const cxxopts::ParseResult& result) {
  Options options;
  const auto text = [&](const char* name) { return result[name].as<std::string>(); };
  const auto number = [&](const char* name, std::size_t least, std::size_t most) {
    return lab::whole_number(name, text(name), least, most);
  };
  options.model = text("model");
  if (result.count("bytes") != 0) options.tokens = reference::Tokens::bytes;
  options.out = text("out");
  if (result.count("text") != 0) options.text = text("text");
  options.texts = number("texts", 1, 100000);
  options.modes = modes_of(text("mode"));
  options.length = lab::length_of("length", text("length"));
  options.bins = number("bins", 1, 1024);
  for (const auto& part : lab::split(text("windows"), ','))
    options.windows.push_back(lab::length_of("windows", part));
  options.stride = lab::length_of("stride", text("stride"));
  options.scored = lab::length_of("scored", text("scored"));
  options.baselines = lab::baselines_of(text("baselines"));
  if (result.count("plan") != 0) {
    for (const auto& path : result["plan"].as<std::vector<std::string>>()) options.plans.emplace_back(path);
  }
  if (result.count("random") != 0) options.control = Control::random_heads;
  options.random_draws = number("draws", 1, 1000);
  options.seed = number("seed", 0, (std::size_t{1} << 32) - 1);
  options.threads = static_cast<int>(number("threads", 0, 1024));
  if (result.count("fresh") != 0) options.existing = lab::ResultStore::Existing::replace;
  return options;
}

}  // namespace

Parsed parse_options(int argc, const char* const* argv) {
  cxxopts::Options parser("perplexity", std::string(introduction));
  parser.set_width(110);
  const auto text = [](const char* standard) {
    return cxxopts::value<std::string>()->default_value(standard);
  };
  parser.add_options("Text")("model",
                             "Folder with config.json, model.safetensors, and lexicon.json for prose",
                             text("examples/model"), "DIR")(
      "bytes", "The model's tokens 0 to 255 are bytes; for a folder whose config.json does not say so")(
      "text", "Any file; otherwise prose is generated", cxxopts::value<std::string>(), "FILE")(
      "texts", "Passages; of a file, as many parts of it, evenly apart", text("12"), "N");
  parser.add_options("Measurement")("mode", "both, growing or sliding", text("both"), "MODE")(
      "length", "Tokens of the growing context, or training lengths", text("8L"), "LENGTH")(
      "bins", "Bins of positions to a training length", text("8"), "N")(
      "windows", "Widths of the sliding windows", text("L/2,L,2L,4L,8L"), "LIST")(
      "stride", "Bytes that a window scores at most", text("L/4"), "LENGTH")(
      "scored", "Bytes scored in each passage while sliding: its last ones, the same for all widths",
      text("L/2"), "LENGTH");
  parser.add_options("Methods")(
      "baselines",
      "Rows without denoising: all, or some of plain, positional_interpolation, static_ntk, yarn, "
      "yarn_paper, llama3, dual_chunk, sink_window; dynamic_ntk, which they are held against, always has one",
      text("all"), "LIST")("plan", "A saved plan of the needle lab as one more method; may be repeated",
                           cxxopts::value<std::vector<std::string>>(),
                           "FILE")("random", "Beside each plan its transform on as many heads drawn by lot")(
      "draws", "Random head sets, of which the mean counts", text("5"), "N");
  parser.add_options("Run")("out", "Folder for results; made where there is none", text("out/perplexity"),
                            "DIR")(
      "seed", "Of prose and random heads; the same seed gives the same table, whatever the threads",
      text("1"), "N")("threads", "0: as many as the system offers", text("0"), "N")(
      "fresh", "Drop the passages of an earlier run in --out instead of going on from them")("help",
                                                                                             "This text");
  return lab::parse_command_line<Parsed>(parser, {"Text", "Measurement", "Methods", "Run"}, argc, argv, read);
}

}  // namespace perplexity
