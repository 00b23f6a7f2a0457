// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "lab/spectrum/options.hpp"
#include "lab/spectrum/projections.hpp"
#include "transformer/atomic_file.hpp"

namespace spectrum {

/// What the options say: a model's q and k on a needle prompt or a text, or those of a file.
///
/// Throws dope::Error where a file cannot be read or does not fit, the text is too short, a file lacks base
/// or training length and the options too, or validate() does.
[[nodiscard]] Projections projections_of(const Options& options);

/// As --qk reads it: q and k, F32, [layers, tokens, heads, width], and all conventions as metadata but the
/// scaling, which is chosen anew. Law: projections_of the file, under the same scaling, gives the same
/// numbers.
void add_projections(reference::FileSet& files, const std::filesystem::path& path,
                     const Projections& projections);

}  // namespace spectrum
