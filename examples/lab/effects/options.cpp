// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <cxxopts.hpp>

#include "dope/core/error.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/options_parser.hpp"

namespace effects {
namespace {

constexpr std::string_view introduction =
    "What does each head lose, and which indicator knows?\n\n"
    "Denoises every head alone, by every transform, and scores prompts with and without: the effect map, in "
    "nats\n"
    "of the answer's log probability and in points of exact match, paired, with bootstrap intervals. Then "
    "holds\n"
    "against it every entropy, side and stage of the paper's kind and other measures of a head (energy at "
    "unseen\n"
    "phases, sink and retrieval scores, band scores, how far attention moves): rank correlations with "
    "intervals,\n"
    "corrected for how many were tried, and what the heads would cost that each one would choose.\n\n"
    "Leaves in --out: table.md, indicators.csv (every measure and map), results.jsonl (a line per finished "
    "cell),\n"
    "effects_*.svg (layer x head) and correlations_*.svg. Ctrl-C keeps what is finished; the same command "
    "goes on\n"
    "from there.\n";

Base base_of(const std::string& text) {
  for (const Base base : {Base::plain, Base::dynamic_ntk}) {
    if (text == name_of(base)) return base;
  }
  throw dope::Error("--scalings", '"' + text + '"', "plain, dynamic_ntk, or both with a comma between");
}

Task task_of(const std::string& text) {
  if (text == "needle") return Task::needle;
  if (text == "shots") return Task::shots;
  throw dope::Error("--task", '"' + text + '"', "needle or shots");
}

Options read(const cxxopts::ParseResult& result) {
  Options options;
  const auto text = [&](const char* name) { return result[name].as<std::string>(); };
  const auto number = [&](const char* name, std::size_t least, std::size_t most) {
    return lab::whole_number(name, text(name), least, most);
  };
  options.task = task_of(text("task"));
  options.model = text("model");
  if (result.count("bytes") != 0) options.tokens = reference::Tokens::bytes;
  options.out = text("out");
  if (result.count("haystack") != 0) options.haystack = text("haystack");
  for (const auto& part : lab::split(text("lengths"), ','))
    options.lengths.push_back(lab::length_of("lengths", part));
  options.depths = options.task == Task::needle ? 11 : 4;
  if (result.count("depths") != 0) options.depths = number("depths", 1, 1001);
  // Reliability and the choice of heads on one half and their cost on the other need two prompts a half.
  options.prompts = number("prompts", 4, 65536);
  options.measured = number("measured", 1, 65536);
  options.rows = number("rows", 1, 1 << 20);
  std::vector<std::string> names;
  for (const auto& part : lab::split(text("transforms"), ';')) {
    options.transforms.push_back(lab::in_option("--transforms", [&] { return dope::parse_transform(part); }));
    names.push_back(dope::name_of(options.transforms.back()));
  }
  lab::require_distinct("transforms", names);
  const auto scalings = lab::split(text("scalings"), ',');
  for (const auto& part : scalings) options.bases.push_back(base_of(part));
  lab::require_distinct("scalings", scalings);
  options.seed = number("seed", 0, (std::size_t{1} << 32) - 1);
  options.threads = static_cast<int>(number("threads", 0, 1024));
  if (result.count("fresh") != 0) options.existing = lab::ResultStore::Existing::replace;
  return options;
}

}  // namespace

std::string_view name_of(Base base) noexcept { return base == Base::plain ? "plain" : "dynamic_ntk"; }

Parsed parse_options(int argc, const char* const* argv) {
  cxxopts::Options parser("effects", std::string(introduction));
  parser.set_width(110);
  const auto text = [](const char* standard) {
    return cxxopts::value<std::string>()->default_value(standard);
  };
  parser.add_options("Prompt")(
      "model", "Folder with config.json, model.safetensors, and lexicon.json for generated text",
      text("examples/model"), "DIR")(
      "bytes", "The model's tokens 0 to 255 are bytes; for a folder whose config.json does not say so")(
      "task",
      "needle: one fact in a long text. shots: exemplar lines whose codes share digits, one of them asked",
      text("needle"), "TASK")(
      "lengths",
      "Context lengths, prompt and answer together, in tokens (1536) or training lengths (L, 3L, L/4)",
      text("2L,3L,8L"),
      "LIST")("depths",
              "Depths of the needle or the asked exemplar, evenly from 0 to 100 %, taken in "
              "turn (default: 11 for needle, 4 for shots)",
              cxxopts::value<std::string>(),
              "N")("prompts", "Prompts per length that effects are measured on, at least 4", text("22"), "N")(
      "haystack", "Text around the needle, any file; otherwise prose is generated",
      cxxopts::value<std::string>(), "FILE");
  parser.add_options("Heads")(
      "transforms",
      "Separated by ';': by_parts, by_parts(reading=remove), by_all, by_gaussian(spread=matched), ...",
      text("by_parts;by_all;by_gaussian"),
      "LIST")("scalings", "What a head is denoised under: plain (the model's own), dynamic_ntk, or both",
              text("plain,dynamic_ntk"),
              "LIST")("measured", "Other prompts per length that the heads are measured on", text("8"), "N")(
      "rows", "Rows of attention that a head is measured on, evenly spaced, per prompt", text("64"), "N");
  parser.add_options("Run")("out", "Folder for results; made where there is none", text("out/effects"),
                            "DIR")(
      "seed", "Of prompts and resamples; the same seed gives the same files, whatever the threads", text("1"),
      "N")("threads", "0: as many as the system offers", text("0"), "N")(
      "fresh", "Drop the cells of an earlier run in --out instead of going on from them")("help",
                                                                                          "This text");
  return lab::parse_command_line<Parsed>(parser, {"Prompt", "Heads", "Run"}, argc, argv, read);
}

}  // namespace effects
