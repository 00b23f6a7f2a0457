// SPDX-License-Identifier: MIT
#include "export.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include "dope/conformance/expected.hpp"
#include "dope/conformance/inputs.hpp"
#include "dope/core/error.hpp"
#include "elements.hpp"
#include "lab/support/parallel.hpp"
#include "options.hpp"
#include "transformer/atomic_file.hpp"
#include "transformer/checked_json.hpp"
#include "transformer/safetensors.hpp"

namespace vectors {
namespace {

namespace fs = std::filesystem;
using dope::conformance::Array;
using dope::conformance::Case;
using dope::conformance::Element;

[[noreturn]] void refuse(const fs::path& folder, const std::string& given) {
  throw dope::Error("export " + folder.string(), given,
                    "a folder that is new, empty, or holds an earlier export and nothing else");
}

bool is_temporary(const fs::path& name) {
  const std::string text = name.string();
  return text.starts_with('.') && text.ends_with(".tmp");
}

/// Throws dope::Error for anything in the folder that an export does not write; temporary files: of one that
/// was killed.
void require_only_cases(const fs::path& target, const fs::path& folder, bool killed) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename();
    if (name != manifest_name && name != cases_folder && !(killed && is_temporary(name)))
      refuse(target, reference::printable(name.string()) + " in " + folder.string());
  }
  const fs::path cases = folder / cases_folder;
  if (!fs::is_directory(cases)) return;
  for (const auto& entry : fs::directory_iterator(cases)) {
    const bool expected =
        entry.path().extension() == ".safetensors" || (killed && is_temporary(entry.path().filename()));
    if (!expected || !fs::is_regular_file(entry.symlink_status())) {
      refuse(target, reference::printable((fs::path(cases_folder) / entry.path().filename()).string()) +
                         " in " + folder.string());
    }
  }
}

/// Throws dope::Error unless the folder may be replaced.
void require_replaceable(const fs::path& folder) {
  if (!fs::exists(fs::symlink_status(folder))) return;
  if (!fs::is_directory(folder)) refuse(folder, "a file");
  if (fs::is_empty(folder)) return;
  const fs::path manifest = folder / manifest_name;
  if (!fs::is_regular_file(manifest))
    refuse(folder, "a folder with files and no " + std::string(manifest_name));
  try {
    const auto root = reference::read_object(manifest, largest_manifest);
    if (!root.contains("format") || root.at("format") != manifest_format) {
      refuse(folder, "a " + std::string(manifest_name) + " of something else");
    }
  } catch (const dope::Error&) {
    refuse(folder, "a " + std::string(manifest_name) + " of something else");
  }
  require_only_cases(folder, folder, false);
}

/// ".NAME.new" beside the target, which vanishes unless it takes the target's place.
///
/// One export of a target has it at a time, by a lock on the folder that ends with its process; what a killed
/// one left, here and as ".NAME.old", is removed first, or put back where the target itself is missing.
class Staging {
 public:
  explicit Staging(fs::path target)
      : target_(std::move(target)), path_(beside(".new")), replaced_(beside(".old")) {
    fs::create_directories(target_.parent_path());
    while (!make_locked()) {
    }
    try {
      clear_remains();
      require_replaceable(target_);
    } catch (...) {
      remove();
      throw;
    }
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() { remove(); }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

  void keep() {
    const bool replaces = fs::exists(target_);
    if (replaces) fs::rename(target_, replaced_);
    try {
      fs::rename(path_, target_);
    } catch (...) {
      if (replaces) fs::rename(replaced_, target_);
      throw;
    }
    kept_ = true;
    if (replaces) fs::remove_all(replaced_);
  }

 private:
  [[nodiscard]] fs::path beside(const char* suffix) const {
    return target_.parent_path() / ("." + target_.filename().string() + suffix);
  }

  /// False where the folder that was locked has meanwhile gone.
  bool make_locked() {
    made_ = fs::create_directory(path_);
    lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lock_ < 0 && errno == ENOENT) return false;
    const auto fail = [&](const std::string& given, const std::string& expected) {
      if (lock_ >= 0) ::close(lock_);
      throw dope::Error("export " + target_.string(), path_.string() + ": " + given, expected);
    };
    if (lock_ < 0) fail(std::generic_category().message(errno), "no such file, or what a killed export left");
    while (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) fail("another export that is writing", "to wait for its end");
      fail(std::generic_category().message(errno), "a file system that can lock folders");
    }
    struct stat opened {};
    struct stat there {};
    if (::fstat(lock_, &opened) == 0 && ::lstat(path_.c_str(), &there) == 0 &&
        opened.st_dev == there.st_dev && opened.st_ino == there.st_ino)
      return true;
    ::close(lock_);
    return false;
  }

  void clear_remains() {
    if (!made_) require_only_cases(target_, path_, true);
    for (const auto& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path());
    made_ = true;
    if (!fs::exists(fs::symlink_status(replaced_))) return;
    require_replaceable(replaced_);
    if (fs::exists(fs::symlink_status(target_))) {
      fs::remove_all(replaced_);
    } else {
      fs::rename(replaced_, target_);
    }
  }

  /// While the lock is held. Not what somebody else has there.
  void remove() noexcept {
    std::error_code ignored;
    if (!kept_ && made_) fs::remove_all(path_, ignored);
    ::close(lock_);
  }

  fs::path target_;
  fs::path path_;
  fs::path replaced_;
  int lock_ = -1;
  bool made_ = false;  // or found to be of a killed export
  bool kept_ = false;
};

/// Tensors and the bytes they view.
class CaseFile {
 public:
  void add(std::string name, const Array& array) {
    bytes_.push_back(encode(array));
    // The buffer of a moved vector stays where it is, and so do the bytes viewed.
    tensors_.push_back({std::move(name), {dtype_of(array.element), array.shape, bytes_.back()}});
  }
  void write(const fs::path& path) const { reference::write_safetensors(path, tensors_); }

 private:
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<reference::NamedTensor> tensors_;
};

Json write_case(const fs::path& folder, const Case& one) {
  const auto inputs = inputs_of(one);
  const auto expected = expected_of(one, inputs);
  CaseFile file;
  for (const Array& array : inputs) file.add("input." + array.name, array);
  for (Array array : expected) {
    array.element = Element::float64;
    file.add("expected." + array.name, array);
  }
  Json entry = entry_of(one, inputs, expected);
  file.write(folder / entry.at("file").get<std::string>());
  return entry;
}

std::vector<std::string> all_tasks() {
  const auto names = task_names();
  return {names.begin(), names.end()};
}

Exported write_all(const fs::path& folder, const std::vector<Case>& cases, const Coverage& coverage,
                   const std::function<void()>& between) {
  require_replaceable(folder);  // before anything is made
  Staging staging(folder);
  fs::create_directory(staging.path() / cases_folder);
  std::vector<Json> entries(cases.size());
  lab::for_each_in_parallel(cases.size(), [&](std::size_t i) {
    between();
    entries[i] = write_case(staging.path(), cases[i]);
  });
  reference::write_file_whole(staging.path() / manifest_name, manifest_text(coverage, entries));
  Exported exported{cases.size(), 0};
  for (const auto& entry : fs::recursive_directory_iterator(staging.path())) {
    if (entry.is_regular_file()) exported.bytes += entry.file_size();
  }
  staging.keep();
  return exported;
}

}  // namespace

Exported export_vectors(const fs::path& folder, const std::vector<Case>& catalogue, const Coverage& coverage,
                        const std::function<void()>& between) {
  Coverage covered = coverage;
  if (covered.tasks.empty()) covered.tasks = all_tasks();
  const Selection selection{covered.tasks, {}, {}};
  std::vector<Case> cases;
  for (const Case& one : catalogue) {
    if (selection.wants(one)) cases.push_back(one);
  }
  try {
    fs::path target = fs::weakly_canonical(fs::absolute(folder));
    if (!target.has_filename()) target = target.parent_path();
    return write_all(target, cases, covered, between);
  } catch (const fs::filesystem_error& error) {
    throw dope::Error("export " + folder.string(), error.code().message(), "a folder that can be written to");
  }
}

}  // namespace vectors
