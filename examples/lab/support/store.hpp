// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace lab {

/// The finished cells of a run, in a file that survives the run's being killed at any moment.
///
/// JSON lines. The first says what the run is, {"dope_lab_results":1,"configuration":{…}}; each further
/// one is a finished cell, {"key":"…","cell":{…}}, appended and handed to the system before append
/// returns. A last line cut short is dropped when the file is opened again; every other line must be whole.
/// Law: the same configuration and cells give the same bytes after finish, in whatever order and over
/// however many runs the cells came, so cells hold no times. Numbers are written so that they read back
/// the same; not-a-number becomes null, bytes that are no UTF-8 become U+FFFD.
class ResultStore {
 public:
  using Json = nlohmann::ordered_json;

  /// What to do with the cells of an earlier run in the file.
  enum class Existing { resume, replace };

  /// Opens `path`, making it where there is none. Throws dope::Error where the file is no store of this
  /// kind (whatever `existing` says), is broken before its last line, or, on resume, has another
  /// configuration: the error names the first difference.
  ResultStore(std::filesystem::path path, const Json& configuration, Existing existing);

  /// The finished cell, or null. Valid for the life of the store.
  [[nodiscard]] const Json* find(std::string_view key) const;

  [[nodiscard]] std::size_t size() const;

  /// Adds a finished cell; threads may call it at once. Throws dope::Error where the cell is no object,
  /// the key is there already, or the file cannot be written.
  void append(std::string_view key, const Json& cell);

  /// Rewrites the file, whole or not at all: the cells of `order` first, in that order, then others by
  /// key. Keys of `order` without a cell are passed over.
  void finish(std::span<const std::string> order);

 private:
  /// Takes the cells of a file's bytes; returns the bytes without a last line cut short.
  std::string load(const std::string& bytes);
  void open_for_append();

  std::filesystem::path path_;
  std::string header_;
  std::map<std::string, Json, std::less<>> cells_;
  std::ofstream file_;
  mutable std::mutex mutex_;
};

}  // namespace lab
