// SPDX-License-Identifier: MIT
#include "lab/report/input.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <system_error>
#include <utility>

#include "dope/core/error.hpp"
#include "lab/report/bounds.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/stop.hpp"

namespace report {
namespace {

// Of the first line: its entries are looked up one after another.
constexpr std::size_t longest_header = 128'000;
constexpr const char* file_name = "results.jsonl";

std::string shown_path(const std::filesystem::path& path) { return reference::printable(path.string()); }

/// The folder's own name, also of "." and of "runs/".
std::string name_of_folder(const std::filesystem::path& file) {
  std::error_code failure;
  const auto whole =
      std::filesystem::weakly_canonical(file.parent_path().empty() ? "." : file.parent_path(), failure);
  return failure ? file.parent_path().string() : whole.filename().string();
}

std::string read_header(const std::string& line, const std::string& where, Run& run) {
  if (line.size() > longest_header) {
    throw dope::Error(where + ", line 1", dope::detail::text(line.size(), " bytes"),
                      dope::detail::text("a configuration of at most ", longest_header, " bytes"));
  }
  const auto header = reference::parse_object(line, where + ", line 1");
  const auto configuration = header.find("configuration");
  if (header.size() != 2 || !header.contains("dope_lab_results") || configuration == header.end() ||
      !configuration->is_object()) {
    throw dope::Error(where, "a file that does not begin as one of results",
                      "a first line {\"dope_lab_results\":1,\"configuration\":{…}}");
  }
  if (header.at("dope_lab_results") != 1) {
    throw dope::Error(where, "version " + reference::shown(header.at("dope_lab_results")), "version 1");
  }
  const auto program = configuration->find("program");
  if (program == configuration->end() || !program->is_string()) {
    throw dope::Error(where, "a configuration that names no program", "\"program\":\"…\" in it");
  }
  run.configuration = reference::parse_ordered_object(line, where + ", line 1").at("configuration");
  return program->get<std::string>();
}

}  // namespace

std::vector<std::filesystem::path> find_results(const std::filesystem::path& folder) {
  std::error_code failure;
  if (!std::filesystem::is_directory(folder, failure)) {
    throw dope::Error("report", shown_path(folder) + ", which is no folder", "a folder with results");
  }
  if (std::filesystem::exists(folder / file_name, failure)) return {folder / file_name};
  std::vector<std::filesystem::path> found;
  std::filesystem::directory_iterator entries(folder, failure);
  for (; !failure && entries != std::filesystem::directory_iterator{}; entries.increment(failure)) {
    const auto file = entries->path() / file_name;
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) found.push_back(file);
  }
  if (failure)
    throw dope::Error("report", shown_path(folder) + ": " + failure.message(), "a folder that can be read");
  if (found.empty()) {
    throw dope::Error("report", shown_path(folder) + " without results",
                      "DIR/results.jsonl or DIR/*/results.jsonl");
  }
  std::sort(found.begin(), found.end());
  return found;
}

Chosen bounded(std::vector<std::filesystem::path> files) {
  Chosen chosen;
  chosen.further = files.size() - std::min(files.size(), most_runs);
  files.resize(files.size() - chosen.further);
  std::uintmax_t sum = 0;
  const auto count = [&](const std::filesystem::path& path) {
    std::error_code none;
    const auto size = std::filesystem::file_size(path, none);
    if (none) return;
    sum += size;
    if (sum > most_input_bytes) {
      throw dope::Error(
          "report", dope::detail::text(shown_path(path), ", with which the input has ", sum, " bytes"),
          dope::detail::text("at most ", most_input_bytes, " bytes of results, tables and pictures"));
    }
  };
  for (const auto& file : files) {
    count(file);
    std::error_code failure;
    std::filesystem::directory_iterator entries(file.parent_path().empty() ? "." : file.parent_path(),
                                                failure);
    for (; !failure && entries != std::filesystem::directory_iterator{}; entries.increment(failure)) {
      if (entries->path().extension() == ".svg" || entries->path().filename() == "table.md")
        count(entries->path());
    }
  }
  chosen.files = std::move(files);
  return chosen;
}

Run read_run(const std::filesystem::path& file) {
  const std::string where = "results " + shown_path(file);
  const std::string bytes = reference::read_text(file, most_input_bytes);
  Run run;
  run.name = name_of_folder(file);
  run.file = file;
  std::map<std::string, std::size_t> known;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t newline = bytes.find('\n', begin);
    const bool cut = newline == std::string::npos;
    const std::string line = bytes.substr(begin, newline - begin);
    begin = cut ? bytes.size() : newline + 1;
    reference::stop_if_asked();
    ++number;
    if (number == 1) {
      run.program = read_header(line, where, run);
      continue;
    }
    if (cut && !nlohmann::json::accept(line)) break;
    const std::string place = dope::detail::text(where, ", line ", number);
    auto object = reference::parse_object(line, place);
    const auto key = object.find("key");
    const auto cell = object.find("cell");
    if (object.size() != 2 || key == object.end() || !key->is_string() || cell == object.end() ||
        !cell->is_object()) {
      throw dope::Error(place, "a line that is no cell", "{\"key\":\"…\",\"cell\":{…}}");
    }
    const auto [at, added] = known.emplace(key->get<std::string>(), run.cells.size());
    if (added) {
      run.cells.push_back({at->first, std::move(*cell)});
    } else if (run.cells[at->second].value != *cell) {
      throw dope::Error(place, "a second cell of key " + reference::printable(at->first),
                        "one cell for a key");
    }
  }
  if (number == 0) throw dope::Error(where, "an empty file", "a file of results");
  return run;
}

}  // namespace report
