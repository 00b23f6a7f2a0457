// SPDX-License-Identifier: MIT
#include "lab/support/store.hpp"

#include <functional>
#include <ios>
#include <set>
#include <system_error>
#include <utility>

#include "dope/core/error.hpp"
#include "lab/support/files.hpp"
#include "transformer/atomic_file.hpp"

namespace lab {
namespace {

using Json = ResultStore::Json;

constexpr std::string_view kind = "dope_lab_results";
constexpr int version = 1;

std::string dumped(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string line_of(std::string_view key, const Json& cell) {
  return dumped(Json{{"key", key}, {"cell", cell}}) + "\n";
}

/// The first place where two configurations differ, in words; empty where they agree.
std::string first_difference(const std::string& given, const std::string& expected) {
  const auto from = nlohmann::json::parse(given);
  const auto to = nlohmann::json::parse(expected);
  const auto changes = nlohmann::json::diff(from, to);
  if (changes.empty()) return {};
  const std::string path = changes.front().at("path");
  const nlohmann::json::json_pointer place(path);
  const auto shown = [&](const nlohmann::json& side) {
    return side.contains(place) ? side.at(place).dump() : "absent";
  };
  return path + " " + shown(from) + " where this run has " + shown(to);
}

bool is_header(const Json& line) {
  return line.is_object() && line.size() == 2 && line.contains(kind) && line.contains("configuration");
}

bool is_cell(const Json& line) {
  return line.is_object() && line.size() == 2 && line.contains("key") && line.at("key").is_string() &&
         line.contains("cell") && line.at("cell").is_object();
}

}  // namespace

ResultStore::ResultStore(std::filesystem::path path, const Json& configuration, Existing existing)
    : path_(std::move(path)),
      header_(dumped(Json{{kind, version}, {"configuration", configuration}}) + "\n") {
  const std::string where = "results " + path_.string();
  std::error_code ignored;
  std::string before;
  if (std::filesystem::exists(path_, ignored)) before = read_file_whole(path_);

  // A run killed within its first write leaves less than a header.
  const std::size_t end = before.find('\n');
  if (end == std::string::npos && header_.starts_with(before)) {
    before.clear();
  } else {
    const Json first = Json::parse(before.substr(0, end), nullptr, false);
    const bool cut_short = end == std::string::npos && before.starts_with("{\"" + std::string(kind) + "\":");
    if (!is_header(first) && !(cut_short && existing == Existing::replace)) {
      throw dope::Error(where, "a file that does not begin as one of results",
                        "a new path or a file of results");
    }
    if (existing == Existing::resume) {
      if (first.at(kind) != version) {
        throw dope::Error(where, "version " + first.at(kind).dump(), dope::detail::text("version ", version));
      }
      const std::string difference =
          first_difference(dumped(first.at("configuration")), dumped(configuration));
      if (!difference.empty()) {
        throw dope::Error(where, "results of another configuration: " + difference,
                          "the same options, another file, or the option to start afresh");
      }
    }
  }

  std::string kept = header_;
  if (existing == Existing::resume && !before.empty()) kept = load(before);
  if (kept != before) reference::write_file_whole(path_, kept);
  open_for_append();
}

std::string ResultStore::load(const std::string& bytes) {
  const std::string where = "results " + path_.string();
  std::string kept;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t newline = bytes.find('\n', begin);
    const bool last = newline == std::string::npos;
    const std::string text = bytes.substr(begin, newline - begin);
    begin = last ? bytes.size() : newline + 1;
    if (++number > 1) {
      const Json line = Json::parse(text, nullptr, false);
      if (!is_cell(line)) {
        if (last) break;
        throw dope::Error(where, dope::detail::text("line ", number, ", which is no cell"),
                          "lines {\"key\":…,\"cell\":{…}}, or the option to start afresh");
      }
      const auto [found, added] = cells_.emplace(line.at("key").get<std::string>(), line.at("cell"));
      if (!added && found->second != line.at("cell")) {
        throw dope::Error(where, dope::detail::text("line ", number, ", a second cell of key ", found->first),
                          "one cell for a key, or the option to start afresh");
      }
    }
    kept += text + "\n";
  }
  return kept;
}

void ResultStore::open_for_append() {
  file_ = std::ofstream(path_, std::ios::binary | std::ios::app);
  if (!file_) throw dope::Error("results " + path_.string(), "a file that cannot be written", "one that can");
}

const Json* ResultStore::find(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = cells_.find(key);
  return found == cells_.end() ? nullptr : &found->second;
}

std::size_t ResultStore::size() const {
  const std::lock_guard lock(mutex_);
  return cells_.size();
}

void ResultStore::append(std::string_view key, const Json& cell) {
  const std::string line = line_of(key, cell);
  Json written = Json::parse(line);  // what a later run will read
  const std::lock_guard lock(mutex_);
  std::string name = written.at("key");
  if (!cell.is_object() || cells_.contains(name)) {
    throw dope::Error("results " + path_.string(), "cell \"" + name + "\"", "an object, once for a key");
  }
  if (!file_.write(line.data(), static_cast<std::streamsize>(line.size())).flush()) {
    throw dope::Error("results " + path_.string(), "a file that cannot be written", "room for another cell");
  }
  cells_.emplace(std::move(name), std::move(written.at("cell")));
}

void ResultStore::finish(std::span<const std::string> order) {
  const std::lock_guard lock(mutex_);
  std::string bytes = header_;
  std::set<std::string_view> done;
  for (const std::string& key : order) {
    const auto found = cells_.find(key);
    if (found != cells_.end() && done.insert(found->first).second) bytes += line_of(key, found->second);
  }
  for (const auto& [key, cell] : cells_) {
    if (!done.contains(key)) bytes += line_of(key, cell);
  }
  file_.close();
  reference::write_file_whole(path_, bytes);
  open_for_append();
}

}  // namespace lab
