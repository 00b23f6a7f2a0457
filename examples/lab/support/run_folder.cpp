// SPDX-License-Identifier: MIT
#include "lab/support/run_folder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>

#include "dope/core/error.hpp"
#include "lab/support/store.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/stop.hpp"

namespace lab {
namespace {

namespace fs = std::filesystem;
using dope::detail::text;
using reference::printable;

constexpr const char* list_name = "run.json";
constexpr const char* results_name = "results.jsonl";
constexpr std::size_t largest_list = std::size_t{1} << 24;
constexpr int version = 1;

/// "table.md" or "plans/a.json": never out of the folder.
bool is_inside(const fs::path& name) {
  const auto parts = std::distance(name.begin(), name.end());
  return !name.empty() && parts <= 2 && name.is_relative() && name == name.lexically_normal() &&
         name.has_filename() && *name.begin() != ".." && name != list_name && name != results_name;
}

}  // namespace

std::vector<std::string> files_of_run(const fs::path& folder, std::string_view program) {
  const fs::path path = folder / list_name;
  std::error_code ignored;
  if (!fs::exists(fs::symlink_status(path, ignored))) return {};
  const auto list = reference::read_object(path, largest_list);
  const auto entry = [&](const char* key) -> const nlohmann::json& {
    if (!list.contains(key)) throw dope::Error(path.string(), text("no ", key), "the list of a run's files");
    return list.at(key);
  };
  if (entry("dope_lab_run") != version)
    throw dope::Error(path.string(), "version " + reference::shown(entry("dope_lab_run")),
                      text("version ", version));
  if (entry("program") != program) {
    throw dope::Error(path.string(), "files of the program " + reference::shown(entry("program")),
                      "files of " + std::string(program) + ", or another --out");
  }
  std::vector<std::string> names;
  if (!entry("files").is_array())
    throw dope::Error(path.string(), "files " + reference::shown(entry("files")), "a list");
  for (const auto& name : entry("files")) {
    if (!name.is_string() || !is_inside(name.get<std::string>()))
      throw dope::Error(path.string(), "file " + reference::shown(name), "a name in this folder");
    names.push_back(name);
  }
  return names;
}

void RunFolder::Files::add(std::string name, std::string bytes) {
  add(std::move(name), [bytes = std::move(bytes)](reference::FileSet& files, const fs::path& path) {
    files.add(path, bytes);
  });
}

RunFolder::RunFolder(const fs::path& path, std::string_view program)
    : path_(path), program_(program), lock_(path, program, "--out"), names_(files_of_run(path, program)) {
  const std::string owner = program_in_results(path / results_name);
  if (!owner.empty() && owner != program) {
    throw dope::Error("--out " + path.string(), "results of the program " + printable(owner),
                      "results of " + program_ + ", or another folder");
  }
  for (const auto& name : names_) {
    // Of a run that was killed.
    fs::path left = path_ / name;
    left.replace_filename("." + left.filename().string() + ".tmp");
    std::error_code ignored;
    if (fs::is_regular_file(fs::symlink_status(left, ignored))) fs::remove(left, ignored);
  }
}

void RunFolder::list(const std::vector<std::string>& names) const {
  const nlohmann::ordered_json list = {{"dope_lab_run", version}, {"program", program_}, {"files", names}};
  reference::write_file_whole(
      path_ / list_name, list.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

bool RunFolder::remove(const std::string& name) const {
  const fs::path file = path_ / name;
  std::error_code failure;
  for (const auto& input : inputs_) {
    if (fs::equivalent(file, input, failure)) return false;
  }
  const auto kind = fs::symlink_status(file, failure).type();
  if (kind == fs::file_type::not_found) return true;
  if (kind != fs::file_type::regular && kind != fs::file_type::symlink) return false;
  fs::remove(file, failure);
  if (failure) throw dope::Error("--out " + file.string(), failure.message(), "a file that can be removed");
  if (file.parent_path() != path_) fs::remove(file.parent_path(), failure);  // where nothing else is in it
  return true;
}

void RunFolder::clear() {
  if (names_.empty()) return;
  std::erase_if(names_, [&](const std::string& name) { return remove(name); });
  list(names_);
}

std::vector<fs::path> RunFolder::add_all(const Files& files) const {
  reference::FileSet set;
  std::vector<fs::path> paths;
  for (const auto& [name, add] : files.entries_) {
    reference::stop_if_asked();
    const fs::path path = path_ / name;
    if (!is_inside(name))
      throw dope::Error("--out " + path_.string(), "the file " + printable(name), "a name in it");
    std::error_code failure;
    fs::create_directory(path.parent_path(), failure);
    if (failure)
      throw dope::Error("--out " + path.parent_path().string(), failure.message(),
                        "a folder that can be made");
    add(set, path);
    paths.push_back(path);
  }
  reference::stop_if_asked();
  set.keep();
  return paths;
}

std::vector<fs::path> RunFolder::write(const Files& files) {
  std::vector<std::string> names;
  for (const auto& [name, add] : files.entries_) names.push_back(name);
  const std::set<std::string> written(names.begin(), names.end());
  auto both = names;
  for (const auto& name : names_) {
    if (!written.contains(name)) both.push_back(name);
  }
  // Before the first of them is there, so that a run that is killed leaves nothing that is not listed.
  const auto before = names_;
  const bool listed = fs::exists(path_ / list_name);
  if (both != before) list(both);
  names_ = both;
  std::vector<fs::path> paths;
  try {
    paths = add_all(files);
  } catch (...) {
    // Nothing was written: as it was, where that can still be said.
    std::error_code ignored;
    for (const auto& name : names) {
      const auto parent = (path_ / name).parent_path();
      if (parent != path_) fs::remove(parent, ignored);  // where nothing is in it
    }
    try {
      names_ = before;
      if (listed && both != before) list(before);
    } catch (const dope::Error&) {
    }
    if (!listed) fs::remove(path_ / list_name, ignored);
    throw;
  }
  std::erase_if(names_, [&](const std::string& name) { return !written.contains(name) && remove(name); });
  if (names_ != both) list(names_);
  return paths;
}

}  // namespace lab
