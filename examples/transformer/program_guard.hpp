// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string_view>

namespace reference {

/// main() of a program: what `work` returns, or `failed`.
///
/// Whatever `work` throws is one line on standard error (error_line). Output that cannot be written is such
/// an error too, found at the latest when `work` is done, whether it was written by print, std::cout or
/// printf; a standard output that is closed is one before `work` begins, for the first file opened would take
/// its place. A reader of a pipe that leaves ends the program as the system does by default: by SIGPIPE,
/// without a word (status 141 in a shell); where SIGPIPE is ignored, by an error. A mapped file that is
/// shortened while it is read is the same error (MappedFile).
int guarded(std::string_view program, int failed, const std::function<int()>& work);

/// Writes for_terminal(text) to standard output, at once. Throws dope::Error where it cannot be written.
void print(std::string_view text);

}  // namespace reference
