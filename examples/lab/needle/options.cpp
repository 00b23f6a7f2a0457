// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>
#include <cxxopts.hpp>

#include "dope/core/error.hpp"
#include "lab/support/baselines.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/options_parser.hpp"

namespace needle {
namespace {

constexpr std::string_view introduction =
    "Needle in a haystack, before and after denoising.\n\n"
    "Hides one fact (\"The code of KEY is DDDDD.\") at several depths of a long text, asks for it, and "
    "counts\n"
    "greedy answers that give all five digits. Compared are the model's own RoPE, Dynamic NTK, YaRN, Llama "
    "3\n"
    "and Dual Chunk Attention, and each DoPE transform on top of Dynamic NTK (or of --scaling). Which heads "
    "it\n"
    "denoises is chosen on calibration prompts of the same length, with seeds of their own; the table is\n"
    "measured on other prompts. Each length's table is printed as soon as it is finished, the shortest "
    "first.\n"
    "The random control of --draws denoises as many heads, drawn by lot; --greedy adds the heads that "
    "measured "
    "gain\n"
    "alone would choose. More of it: --lengths L,2L,3L,8L --baselines all --noise 4\n"
    "--draws 4.\n\n"
    "With --task shots the prompt is a list of such facts whose codes begin alike: either one of them is "
    "asked\n"
    "(insert: five digits, found among look-alikes), or a new key (skip: the digits that all codes share).\n"
    "Heads chosen at another length or on the other task: --calibrate-at, --calibrate-on, or --plan.\n\n"
    "Leaves in --out: table.md (the tables), results.jsonl (a line per finished cell, every convention in "
    "it),\n"
    "plans/*.json (the chosen plans, for --plan), *.svg (depth x length per method; layer x head scores "
    "with\n"
    "the chosen heads marked). Ctrl-C keeps what is finished; the same command goes on from there.\n";

Task task_of(std::string_view option, const std::string& text) {
  if (text == "needle") return Task::needle;
  if (text == "shots") return Task::shots;
  throw dope::Error(dope::detail::text("--", option), '"' + text + '"', "needle or shots");
}

lab::NoisePlace noise_place_of(const std::string& text) {
  if (text == "after") return lab::NoisePlace::after;
  if (text == "before") return lab::NoisePlace::before;
  if (text == "both") return lab::NoisePlace::both;
  throw dope::Error("--noise-at", '"' + text + '"', "after, before or both");
}

lab::Breadth breadth_of(const std::string& text) {
  if (text == "quick") return lab::Breadth::quick;
  if (text == "full") return lab::Breadth::full;
  throw dope::Error("--sweep", '"' + text + '"', "quick or full");
}

Options read(const cxxopts::ParseResult& result) {
  Options options;
  const auto number = [&](const char* name, std::size_t least, std::size_t most) {
    return lab::whole_number(name, result[name].as<std::string>(), least, most);
  };
  options.model = result["model"].as<std::string>();
  if (result.count("bytes") != 0) options.tokens = reference::Tokens::bytes;
  options.out = result["out"].as<std::string>();
  if (result.count("haystack") != 0) options.haystack = result["haystack"].as<std::string>();
  for (const auto& part : lab::split(result["lengths"].as<std::string>(), ','))
    options.lengths.push_back(lab::length_of("lengths", part));
  options.task = task_of("task", result["task"].as<std::string>());
  options.depths = usual_depths(options.task);
  if (result.count("depths") != 0) options.depths = number("depths", 1, 1001);
  options.needles = number("needles", 1, 1000);
  options.noise = number("noise", 0, 65536);
  options.noise_place = noise_place_of(result["noise-at"].as<std::string>());
  options.prompts = number("prompts", 1, 65536);
  options.calibration_prompts = number("calibration", 1, 65536);
  if (result.count("calibrate-at") != 0) {
    for (const auto& part : lab::split(result["calibrate-at"].as<std::string>(), ','))
      options.calibrate_at.push_back(lab::length_of("calibrate-at", part));
  }
  if (result.count("calibrate-on") != 0)
    options.calibrate_on = task_of("calibrate-on", result["calibrate-on"].as<std::string>());
  options.random_draws = number("draws", 0, 65536);
  options.greedy = number("greedy", 0, 65536);
  const auto transforms = result["transforms"].as<std::string>();
  if (transforms == "all") {
    options.transforms = lab::all_readings();
  } else {
    for (const auto& part : lab::split(transforms, ';'))
      options.transforms.push_back(
          lab::in_option("--transforms", [&] { return dope::parse_transform(part); }));
  }
  std::vector<std::string> names;
  for (const auto& transform : options.transforms) names.push_back(dope::name_of(transform));
  lab::require_distinct("transforms", names);
  options.scaling = result["scaling"].as<std::string>();
  options.gqa =
      lab::in_option("--gqa", [&] { return dope::parse<dope::GqaPolicy>(result["gqa"].as<std::string>()); });
  const lab::BaselineSet sets[] = {{"main", main_baselines}};
  options.baselines = lab::baselines_of(result["baselines"].as<std::string>(), sets);
  options.breadth = breadth_of(result["sweep"].as<std::string>());
  if (result.count("plan") != 0) {
    for (const auto& path : result["plan"].as<std::vector<std::string>>()) options.plans.emplace_back(path);
  }
  std::vector<std::string> files;  // the names of their rows
  for (const auto& path : options.plans) files.push_back(path.filename().string());
  lab::require_distinct("plan", files);
  options.seed = number("seed", 0, (std::size_t{1} << 32) - 1);
  options.threads = static_cast<int>(number("threads", 0, 1024));
  if (result.count("fresh") != 0) options.existing = lab::ResultStore::Existing::replace;
  return options;
}

}  // namespace

std::string_view name_of(Task task) noexcept { return task == Task::needle ? "needle" : "shots"; }

std::size_t usual_depths(Task task) noexcept { return task == Task::needle ? 11 : 4; }

Parsed parse_options(int argc, const char* const* argv) {
  cxxopts::Options parser("needle", std::string(introduction));
  parser.set_width(110);
  const auto text = [](const char* standard) {
    return cxxopts::value<std::string>()->default_value(standard);
  };
  parser.add_options("Prompt")(
      "model", "Folder with config.json, model.safetensors, and lexicon.json for generated text",
      text("examples/model"), "DIR")(
      "bytes", "The model's tokens 0 to 255 are bytes; for a folder whose config.json does not say so")(
      "task",
      "needle: one fact in a long text. shots: exemplar lines whose codes share digits, the asked one among "
      "them (insert) or nowhere (skip)",
      text("needle"), "TASK")(
      "lengths", "Context lengths, prompt and answer together, in tokens (1536) or training lengths (3L)",
      text("2L,3L"), "LIST")("depths",
                             "Depths of the needle or the asked exemplar, evenly from 0 to 100 % "
                             "(default: 11 for needle, 4 for shots)",
                             cxxopts::value<std::string>(), "N")(
      "needles", "Facts in the text, with other keys and at drawn places but for the one that is asked",
      text("1"),
      "K")("noise", "Start tokens at the asked needle in the noisy setup; 0: no noisy setup", text("0"), "K")(
      "noise-at", "Where they stand: after, before, or both (as many on each side)", text("after"), "SIDE")(
      "prompts", "Test prompts per length, setup and depth", text("4"), "N")(
      "haystack", "Text around the needle, any file; otherwise prose is generated",
      cxxopts::value<std::string>(), "FILE");
  parser.add_options("Methods")(
      "baselines",
      "Rows without denoising: main (plain, dynamic_ntk, yarn, llama3, dual_chunk), all "
      "(also positional_interpolation, static_ntk, yarn_paper, sink_window), or names of "
      "these",
      text("main"), "LIST");
  parser.add_options("Denoising")(
      "scaling",
      "What heads are denoised under, and held against: plain, positional_interpolation, dynamic_ntk, "
      "static_ntk, yarn, yarn_paper or llama3",
      text("dynamic_ntk"), "NAME")(
      "transforms",
      "Separated by ';', readings in brackets: by_parts, by_parts(reading=remove), by_all, "
      "by_gaussian(reading=modulate, sigma=1), by_gaussian(spread=matched), ...; all: every reading of each",
      text("by_parts;by_all;by_gaussian"),
      "LIST")("gqa", "per_query_head (a denoised head gets its own copy of a shared key) or per_key_group",
              text("per_query_head"), "POLICY")(
      "sweep",
      "quick, or full: every entropy, r, stage, side, order and 1 to 16 heads, pruned by successive halving",
      text("quick"), "BREADTH")(
      "calibration", "Calibration prompts per length, over all depths and setups in turn", text("11"), "N")(
      "calibrate-at", "Lengths whose calibration prompts choose the heads (default: that of the test)",
      cxxopts::value<std::string>(),
      "LIST")("calibrate-on",
              "needle or shots: the task whose calibration prompts choose the heads (default: --task)",
              cxxopts::value<std::string>(), "TASK")(
      "greedy", "Also choose up to N heads one by one, by the measured gain on calibration prompts",
      text("0"), "N")("draws", "Random head sets of the control, each on every prompt; 0: no control",
                      text("0"), "N")("plan", "A saved plan as one more method; may be repeated",
                                      cxxopts::value<std::vector<std::string>>(), "FILE");
  parser.add_options("Run")("out", "Folder for results; made where there is none", text("out/needle"), "DIR")(
      "seed", "Of prompts and random heads; the same seed gives the same table, whatever the threads",
      text("1"), "N")("threads", "0: as many as the system offers", text("0"), "N")(
      "fresh", "Drop the cells of an earlier run in --out instead of going on from them")("help",
                                                                                          "This text");
  return lab::parse_command_line<Parsed>(parser, {"Prompt", "Methods", "Denoising", "Run"}, argc, argv, read);
}

}  // namespace needle
