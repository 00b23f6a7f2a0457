// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transformer/atomic_file.hpp"
#include "transformer/folder_lock.hpp"

namespace lab {

/// --out: the folder that one run of one program writes to, and the list of what is written there.
///
/// "run.json" in it, {"dope_lab_run":1,"program":"…","files":["table.md","plans/…",…]}, names the program and
/// every file that write() wrote (not the results, which name their program themselves). By that list the
/// next run, and none but that program's, clears what it will not write; files that it does not name are not
/// touched.
class RunFolder {
 public:
  /// The files of a run, by name in the folder, as text or as what adds it to the set.
  class Files {
   public:
    using Add = std::function<void(reference::FileSet& files, const std::filesystem::path& path)>;

    void add(std::string name, std::string text);
    void add(std::string name, Add add) { entries_.emplace_back(std::move(name), std::move(add)); }

   private:
    friend class RunFolder;
    std::vector<std::pair<std::string, Add>> entries_;
  };

  /// Locks the folder, making it where there is none; nothing is left of a folder that was made for nothing.
  /// Throws dope::Error where another process writes there, where it holds what another program left, and
  /// where run.json is none.
  RunFolder(const std::filesystem::path& path, std::string_view program);

  /// A file that the run reads, which is not cleared though it is listed.
  void spare(const std::filesystem::path& input) { inputs_.push_back(input); }

  /// Removes the files that earlier runs wrote: they tell of results that will be gone.
  void clear();

  /// Writes all files or none, and removes those of earlier runs that are not among them; their paths in
  /// order. None where reference::stop_flag is set before the last is ready, with Stopped.
  std::vector<std::filesystem::path> write(const Files& files);

 private:
  void list(const std::vector<std::string>& names) const;
  [[nodiscard]] std::vector<std::filesystem::path> add_all(const Files& files) const;
  /// True where the file is gone.
  bool remove(const std::string& name) const;

  std::filesystem::path path_;
  std::string program_;
  reference::FolderLock lock_;
  std::vector<std::filesystem::path> inputs_;
  std::vector<std::string> names_;  // as run.json lists them
};

/// What run.json lists in a folder; empty where there is none. Throws dope::Error where it is no such list,
/// or of another program.
[[nodiscard]] std::vector<std::string> files_of_run(const std::filesystem::path& folder,
                                                    std::string_view program);

}  // namespace lab
