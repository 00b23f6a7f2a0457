// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>
#include <cxxopts.hpp>
#include <string_view>

#include "dope/core/error.hpp"
#include "lab/support/command_line.hpp"
#include "lab/support/options_parser.hpp"
#include "manifest.hpp"

namespace vectors {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view introduction =
    "Conformance vectors: is a RoPE kernel in any language right?\n\n"
    "  vectors export DIR [--tasks LIST] [--angles ORACLE]\n"
    "  vectors check DIR --outputs OUT [--tasks LIST] [--only LIST] [--skip LIST]\n\n"
    "export writes DIR/manifest.json (what each case asks for, and every convention) and\n"
    "DIR/cases/NAME.safetensors (its inputs and the expected outputs). Run your kernel on them, write\n"
    "OUT/NAME.safetensors, and check judges every element against the oracle and a tolerance that has a\n"
    "reason. examples/port_numpy/runner.py is a whole runner to copy; docs/porting.md goes through it.\n\n"
    "check prints a few lines per case that fails and one that sums up. Status 0: all passed; 1: a case\n"
    "failed or has no file; 2: a file that cannot be judged, or bad options.\n";

Names split(std::string_view option, std::string_view text) {
  Names parts;
  for (std::size_t first = 0; first <= text.size();) {
    const std::size_t end = std::min(text.find(',', first), text.size());
    if (end == first) {
      throw dope::Error("--" + std::string(option), '"' + std::string(text) + '"',
                        "names separated by single commas");
    }
    parts.emplace_back(text.substr(first, end - first));
    first = end + 1;
  }
  return parts;
}

bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void require_tasks(const Names& tasks) {
  std::string known;
  for (const std::string_view task : task_names()) known += (known.empty() ? "" : ", ") + std::string(task);
  for (const auto& task : tasks) {
    const auto names = task_names();
    if (std::find(names.begin(), names.end(), task) == names.end()) {
      throw dope::Error("--tasks", '"' + task + '"', "one of " + known);
    }
  }
}

Command command_of(const std::string& name) {
  if (name == "export") return Command::write;
  if (name == "check") return Command::judge;
  throw dope::Error("command line", '"' + name + '"', "the command export or check; see --help");
}

Options read(const cxxopts::ParseResult& result) {
  Options options;
  if (result.count("command") == 0) {
    throw dope::Error("command line", "no command", "export or check; see --help");
  }
  const auto command = result["command"].as<std::string>();
  options.command = command_of(command);
  const auto folder = result.count("folder") == 0 ? std::string() : result["folder"].as<std::string>();
  if (folder.empty()) throw dope::Error(command, "no folder", "the folder of the vectors; see --help");
  options.folder = folder;
  const auto list = [&](const char* name) {
    return result.count(name) == 0 ? Names{} : split(name, result[name].as<std::string>());
  };
  options.selection = {list("tasks"), list("only"), list("skip")};
  require_tasks(options.selection.tasks);
  if (options.command == Command::write) {
    if (result.count("angles") != 0)
      options.angles =
          lab::in_option("--angles", [&] { return angles_named(result["angles"].as<std::string>()); });
    for (const char* name : {"outputs", "only", "skip"}) {
      if (result.count(name) != 0) {
        throw dope::Error("export", "--" + std::string(name), "DIR, --tasks and --angles only; see --help");
      }
    }
    return options;
  }
  if (result.count("angles") != 0) {
    throw dope::Error("check", "--angles", "those that were exported: the manifest says which");
  }
  const auto outputs = result.count("outputs") == 0 ? std::string() : result["outputs"].as<std::string>();
  if (outputs.empty()) {
    throw dope::Error("check", "no outputs", "--outputs with the folder that your runner wrote");
  }
  options.outputs = outputs;
  return options;
}

}  // namespace

bool Selection::wants(const dope::conformance::Case& one) const {
  return (tasks.empty() || has(tasks, name_of(one.task))) && (only.empty() || has(only, one.name)) &&
         !has(skip, one.name);
}

void require_cases(const Selection& selection, const std::vector<dope::conformance::Case>& catalogue) {
  for (const Names* names : {&selection.only, &selection.skip}) {
    for (const auto& name : *names) {
      if (std::none_of(catalogue.begin(), catalogue.end(),
                       [&](const auto& one) { return one.name == name; })) {
        throw dope::Error(names == &selection.only ? "--only" : "--skip", '"' + name + '"',
                          "a case that manifest.json lists");
      }
    }
  }
}

Parsed parse_options(int argc, const char* const* argv) {
  cxxopts::Options parser("vectors", std::string(introduction));
  parser.set_width(110);
  const auto text = [] { return cxxopts::value<std::string>(); };
  parser.add_options()("tasks", "Tasks that are meant, separated by commas: " + joined(task_names()), text(),
                       "LIST")(
      "angles",
      "What angles are held against (export). exact: the real product of position and frequency. "
      "float32_product: what float32 makes of it, for kernels that compute in float32. both: exact, with "
      "some "
      "cases of float32_product (default: both)",
      text(), "ORACLE")("outputs", "Folder of the runner's files, NAME.safetensors per case (check)", text(),
                        "OUT")("only", "Cases that are meant (check)", text(), "LIST")(
      "skip", "Cases that are not meant (check)", text(), "LIST")("help", "This text");
  parser.add_options("hidden")("command", "", text())("folder", "", text());
  parser.parse_positional({"command", "folder"});
  parser.custom_help("COMMAND");
  parser.positional_help("DIR");
  return lab::parse_command_line<Parsed>(parser, {""}, argc, argv, read, "one command and one folder");
}

}  // namespace vectors
