// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace reference {

/// What a user may name as input. file: a regular file. file_or_pipe: also a named pipe, or what a shell
/// makes of <(command).
enum class Source { file, file_or_pipe };

/// How long a pipe that no process writes to is waited for; one that a process holds open for writing is
/// waited for without end.
inline constexpr std::chrono::milliseconds longest_wait{5000};

/// All bytes of a file, at most `limit`, opened once and read once; memory is bounded by the limit.
///
/// Symbolic links are followed. Throws dope::Error of `where` (the option and the file) for what cannot be
/// read and why, a directory, a device, more bytes than `limit`, and a pipe without a writer; Stopped once
/// stop_flag is set.
[[nodiscard]] std::string read_input(const std::string& where, const std::filesystem::path& path,
                                     std::size_t limit, Source source,
                                     std::chrono::milliseconds patience = longest_wait);

}  // namespace reference
