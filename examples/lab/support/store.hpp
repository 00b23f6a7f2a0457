// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
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
/// One process at a time writes to the file (RunFolder).
class ResultStore {
 public:
  using Json = nlohmann::ordered_json;

  /// What to do with the cells of an earlier run in the file.
  enum class Existing { resume, replace };

  /// Throws dope::Error of `where` for a cell that the program cannot have written under this key.
  using Check = std::function<void(std::string_view key, const Json& cell, const std::string& where)>;

  /// Opens `path`, making it where there is none. Throws dope::Error where the file is no store of this
  /// kind or of another program (configuration.program), whatever `existing` says; on resume, where it is
  /// broken before its last line or nested deeper than deepest_json, `check` refuses a cell, or the
  /// configuration is another: the error names file and line, or the first difference.
  ResultStore(std::filesystem::path path, const Json& configuration, Existing existing,
              const Check& check = {});
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;
  ~ResultStore();

  /// The finished cell, or null. Valid for the life of the store.
  [[nodiscard]] const Json* find(std::string_view key) const;

  /// "results FILE, line 7, cell 'KEY'", for errors; the line where the cell was read from it.
  [[nodiscard]] std::string place_of(std::string_view key) const;

  [[nodiscard]] std::size_t size() const;

  /// Adds a finished cell; threads may call it at once. Throws dope::Error where the cell is no object,
  /// the key is there already, or the file cannot be written: then the file ends with the last whole line.
  void append(std::string_view key, const Json& cell);

  /// Rewrites the file, whole or not at all: the cells of `order` first, in that order, then others by
  /// key. Keys of `order` without a cell are passed over.
  void finish(std::span<const std::string> order);

 private:
  struct Cell {
    Json value;
    std::size_t line = 0;  // 0: appended by this run
  };

  /// Takes the cells of a file's bytes; returns the bytes without a last line cut short.
  std::string load(const std::string& bytes, const Check& check);
  void open_for_append();
  [[nodiscard]] std::string where() const;

  std::filesystem::path path_;
  std::string header_;
  std::map<std::string, Cell, std::less<>> cells_;
  int file_ = -1;
  mutable std::mutex mutex_;
};

/// The program that a file of results names in its first line; "" for none, and for what is no file of
/// results.
[[nodiscard]] std::string program_in_results(const std::filesystem::path& path);

}  // namespace lab
