// SPDX-License-Identifier: MIT
#include "lab/support/memory.hpp"

#include <omp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "dope/core/error.hpp"
#include "draw/chart.hpp"
#include "transformer/model.hpp"

namespace lab {
namespace {

std::string announced;  // by require_memory

/// The number after `key` in a text of "key number" lines, or none.
std::optional<double> number_after(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    double value = 0.0;
    if (word == key && file >> value) return value;
    file.ignore(4096, '\n');
  }
  return std::nullopt;
}

/// The one number that a file holds; none for "max".
std::optional<double> number_in(const std::string& path) {
  std::ifstream file(path);
  double value = 0.0;
  if (file >> value) return value;
  return std::nullopt;
}

void lower(std::optional<double>& least, std::optional<double> value) {
  if (value) least = std::min(least.value_or(*value), std::max(*value, 0.0));
}

/// What the groups of one hierarchy leave, from this process's group up. Pages of files are given back.
std::optional<double> left_in_groups(const std::string& mount, std::string group, const char* limit,
                                     const char* used, const char* files) {
  std::optional<double> least;
  while (true) {
    const std::string folder = mount + (group == "/" ? "" : group);
    const auto most = number_in(folder + '/' + limit);
    const auto now = number_in(folder + '/' + used);
    if (most && now) lower(least, *most - *now + number_after(folder + "/memory.stat", files).value_or(0.0));
    const std::size_t slash = group.rfind('/');
    if (group.size() <= 1 || slash == std::string::npos) return least;
    group.resize(std::max<std::size_t>(slash, 1));
  }
}

std::optional<double> left_by_control_groups(const std::string& root) {
  std::optional<double> least;
  std::ifstream lines(root + "/proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty())
      lower(least, left_in_groups(root + "/sys/fs/cgroup", group, "memory.max", "memory.current", "file"));
    if (controllers == "memory")
      lower(least, left_in_groups(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes",
                                  "memory.usage_in_bytes", "total_cache"));
  }
  return least;
}

std::optional<double> left_of_address_space(const std::string& root) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const auto pages = number_in(root + "/proc/self/statm");
  if (!pages) return std::nullopt;
  return static_cast<double>(limit.rlim_cur) - *pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::string size_text(double bytes) {
  constexpr const char* units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (bytes >= 1024.0 && unit + 1 < std::size(units)) {
    bytes /= 1024.0;
    ++unit;
  }
  return figure(bytes, unit == 0 || bytes >= 100.0 ? 0 : 1) + ' ' + units[unit];
}

constexpr double float_bytes = sizeof(float);

double product(double a, double b, double c) noexcept { return a * b * c; }

double as_double(std::size_t value) noexcept { return static_cast<double>(value); }

}  // namespace

std::optional<double> free_memory(const std::string& root) {
  std::optional<double> least;
  if (const auto available = number_after(root + "/proc/meminfo", "MemAvailable:"))
    lower(least, *available * 1024.0);
  lower(least, left_by_control_groups(root));
  lower(least, left_of_address_space(root));
  return least;
}

void require_memory(std::string_view option, std::size_t tokens, std::span<const MemoryPart> parts) {
  double sum = 0.0;
  std::string list;
  for (const MemoryPart& part : parts) {
    sum += part.bytes;
    list += dope::detail::text(list.empty() ? "" : ", ", part.what, ' ', size_text(part.bytes));
  }
  const std::string given =
      dope::detail::text(tokens, " tokens, which need at least ", size_text(sum), " of memory (", list, ")");
  announced = dope::detail::text("--", option, ": given ", given);
  const auto free = free_memory();
  if (free && sum > *free) {
    throw dope::Error(dope::detail::text("--", option), given,
                      dope::detail::text("a length that fits into the ", size_text(*free), " that are free"));
  }
}

std::string out_of_memory() {
  return (announced.empty() ? std::string("memory: given a request that the system refused") : announced) +
         ", expected more memory than the system gave";
}

double table_bytes(const reference::Model& model, std::size_t tokens) noexcept {
  return product(as_double(tokens), as_double(model.config().rotated_width), float_bytes);
}

double request_bytes(const reference::Model& model, std::size_t tokens) noexcept {
  const auto& config = model.config();
  const double of_token = product(as_double(config.layers), 2.0 * as_double(config.key_width()), float_bytes);
  return as_double(tokens) * of_token + table_bytes(model, tokens);
}

double kept_bytes(const reference::Model& model, std::size_t tokens) noexcept {
  const auto& config = model.config();
  const double floats = as_double(config.layers) * as_double(config.hidden) +
                        (as_double(config.layers) - 1.0) * as_double(config.query_width());
  return product(as_double(tokens), floats, float_bytes);
}

std::size_t side_by_side(int threads, std::size_t tasks) noexcept {
  const auto most = static_cast<std::size_t>(threads > 0 ? threads : omp_get_max_threads());
  return std::max<std::size_t>(1, std::min(most, tasks));
}

}  // namespace lab
