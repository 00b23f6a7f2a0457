// SPDX-License-Identifier: MIT
#include "lab/support/store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "dope/core/error.hpp"
#include "lab/support/files.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/input_file.hpp"
#include "transformer/stop.hpp"

namespace lab {
namespace {

using Json = ResultStore::Json;
using dope::detail::text;

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
  const auto said = [&](const nlohmann::json& side) -> std::string {
    if (!side.contains(place)) return "absent";
    const auto whole = side.at(place).dump();
    return whole.size() <= 100 ? whole : reference::shown(side.at(place));
  };
  return path + " " + said(from) + " where this run has " + said(to);
}

bool is_header(const Json& line) {
  return line.is_object() && line.size() == 2 && line.contains(kind) && line.contains("configuration");
}

std::string program_of(const Json& configuration) {
  if (!configuration.is_object()) return {};
  const auto program = configuration.find("program");
  return program == configuration.end() || !program->is_string() ? "" : program->get<std::string>();
}

/// The first line where it is a header of results, or none.
std::optional<Json> header_in(const std::string& line) {
  try {
    Json first = reference::parse_ordered_object(line, "results");
    if (is_header(first)) return first;
  } catch (const dope::Error&) {
    // What else it may be is no matter.
  }
  return std::nullopt;
}

bool is_cell(const Json& line) {
  return line.is_object() && line.size() == 2 && line.contains("key") && line.at("key").is_string() &&
         line.contains("cell") && line.at("cell").is_object();
}

}  // namespace

ResultStore::ResultStore(std::filesystem::path path, const Json& configuration, Existing existing,
                         const Check& check)
    : path_(std::move(path)),
      header_(dumped(Json{{kind, version}, {"configuration", configuration}}) + "\n") {
  std::error_code ignored;
  std::string before;
  if (std::filesystem::exists(path_, ignored))
    before = reference::read_input(where(), path_, largest_results, reference::Source::file);

  // A run killed within its first write leaves less than a header.
  const std::size_t end = before.find('\n');
  if (end == std::string::npos && header_.starts_with(before)) {
    before.clear();
  } else {
    const auto first = header_in(before.substr(0, end));
    const bool cut_short = end == std::string::npos && before.starts_with("{\"" + std::string(kind) + "\":");
    if (!first && !(cut_short && existing == Existing::replace)) {
      throw dope::Error(where(), "a file that does not begin as one of results",
                        "a new path or a file of results");
    }
    const std::string program = first ? program_of(first->at("configuration")) : "";
    const std::string own = program_of(configuration);
    if (!program.empty() && !own.empty() && program != own) {
      throw dope::Error(where(), "results of the program " + reference::printable(program),
                        "results of " + own + ", or another --out");
    }
    if (existing == Existing::resume) {
      if (first->at(kind) != version) {
        throw dope::Error(where(), "version " + reference::shown(first->at(kind)), text("version ", version));
      }
      const std::string difference =
          first_difference(dumped(first->at("configuration")), dumped(configuration));
      if (!difference.empty()) {
        throw dope::Error(where(), "results of another configuration: " + difference,
                          "the same options, another --out, or --fresh");
      }
    }
  }

  std::string kept = header_;
  if (existing == Existing::resume && !before.empty()) kept = load(before, check);
  if (kept != before) reference::write_file_whole(path_, kept);
  open_for_append();
}

ResultStore::~ResultStore() {
  if (file_ >= 0) ::close(file_);
}

std::string ResultStore::where() const { return "results " + path_.string(); }

std::string ResultStore::load(const std::string& bytes, const Check& check) {
  std::string kept;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t newline = bytes.find('\n', begin);
    const bool last = newline == std::string::npos;
    const std::string line = bytes.substr(begin, newline - begin);
    begin = last ? bytes.size() : newline + 1;
    reference::stop_if_asked();
    if (++number > 1) {
      const std::string place = text(where(), ", line ", number);
      Json object;
      try {
        object = reference::parse_ordered_object(line, place);
        if (!is_cell(object))
          throw dope::Error(place, "a line that is no cell", "{\"key\":…,\"cell\":{…}}, or --fresh");
      } catch (const dope::Error&) {
        if (last) break;
        throw;
      }
      const auto& key = object.at("key").get_ref<const std::string&>();
      const std::string cell_place = place + ", cell " + reference::printable(key);
      if (check) check(key, object.at("cell"), cell_place);
      const auto found = cells_.find(key);
      if (found == cells_.end()) {
        cells_.emplace(key, Cell{std::move(object.at("cell")), number});
      } else if (found->second.value != object.at("cell")) {
        throw dope::Error(cell_place, text("a second cell beside that of line ", found->second.line),
                          "one cell for a key, or --fresh");
      }
    }
    kept += line + "\n";
  }
  return kept;
}

void ResultStore::open_for_append() {
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file_ < 0) {
    throw dope::Error(where(), std::generic_category().message(errno), "a file that can be written");
  }
}

const Json* ResultStore::find(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = cells_.find(key);
  return found == cells_.end() ? nullptr : &found->second.value;
}

std::string ResultStore::place_of(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto found = cells_.find(key);
  const std::size_t line = found == cells_.end() ? 0 : found->second.line;
  return where() + (line == 0 ? "" : text(", line ", line)) + ", cell " + reference::printable(key);
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
    throw dope::Error(where(), "cell " + reference::printable(name), "an object, once for a key");
  }
  struct stat status {};
  if (::fstat(file_, &status) != 0)
    throw dope::Error(where(), std::generic_category().message(errno), "a file whose size can be told");
  int reason = 0;
  for (std::string_view rest = line; reason == 0 && !rest.empty();) {
    const auto done = ::write(file_, rest.data(), rest.size());
    if (done < 0 && errno != EINTR) reason = errno;
    if (done > 0) rest.remove_prefix(static_cast<std::size_t>(done));
  }
  if (reason != 0) {
    // Another thread's cell must not follow half a line. Should this fail too, the next run drops the half.
    static_cast<void>(::ftruncate(file_, status.st_size) == 0);
    throw dope::Error(where(), std::generic_category().message(reason), "room for another cell");
  }
  cells_.emplace(std::move(name), Cell{std::move(written.at("cell")), 0});
}

void ResultStore::finish(std::span<const std::string> order) {
  const std::lock_guard lock(mutex_);
  std::string bytes = header_;
  std::set<std::string_view> done;
  for (const std::string& key : order) {
    const auto found = cells_.find(key);
    if (found != cells_.end() && done.insert(found->first).second) bytes += line_of(key, found->second.value);
  }
  for (const auto& [key, cell] : cells_) {
    if (!done.contains(key)) bytes += line_of(key, cell.value);
  }
  reference::write_file_whole(path_, bytes);
  ::close(file_);
  open_for_append();
}

std::string program_in_results(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return {};
  std::ifstream file(path, std::ios::binary);
  std::string line(std::size_t{1} << 20, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const auto first = header_in(line.substr(0, line.find('\n')));
  return first ? program_of(first->at("configuration")) : "";
}

}  // namespace lab
