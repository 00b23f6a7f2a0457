// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace report {

struct Cell {
  std::string key;
  nlohmann::json value;  // an object
};

/// One results.jsonl as a program of the lab wrote it (lab/support/store.hpp).
struct Run {
  std::string name;  // of its folder
  std::filesystem::path file;
  std::string program;                   // configuration.program
  nlohmann::ordered_json configuration;  // in its own order
  std::vector<Cell> cells;               // in the file's order
};

/// DIR/results.jsonl, or where there is none, DIR/*/results.jsonl by name. Throws dope::Error where DIR is
/// no folder or there is no such file.
[[nodiscard]] std::vector<std::filesystem::path> find_results(const std::filesystem::path& folder);

/// The first most_runs of `files`, and how many others there are. Throws dope::Error, naming the file, where
/// they, with the table.md and *.svg beside them, pass most_input_bytes.
struct Chosen {
  std::vector<std::filesystem::path> files;
  std::size_t further = 0;
};
[[nodiscard]] Chosen bounded(std::vector<std::filesystem::path> files);

/// Throws dope::Error, naming file and line, for anything that ResultStore would not have written; a last
/// line cut short is dropped.
[[nodiscard]] Run read_run(const std::filesystem::path& file);

}  // namespace report
