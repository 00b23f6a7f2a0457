// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include "lab/spectrum/projections.hpp"
#include "lab/spectrum/survey.hpp"
#include "transformer/atomic_file.hpp"

namespace spectrum {

/// spectrum.json: settings with every convention, then flat records.
///
/// heads: layer, side, head, stage, trace, ranks, entropies by name (null where there is none). bands: the
/// same keys and band, wavelength (positions; null for ω = 0), norms, energy share, cone, sums and
/// eigenvalues with bounds. scores: of query heads. attention: of query heads. bounds: bound_summaries.
/// rankings: rankings_of, heads as [layer, head]. Numbers read back to the last bit.
[[nodiscard]] std::string json_of(const Projections& projections, const Survey& survey);

/// spectrum.safetensors, F64, as one of several files; SIDE is query or key, its heads H:
///
///   SIDE.eigenvalues           [layers, H, stages, width]   λ₁ first
///   SIDE.centred_eigenvalues   the same of centred, then normalised rows; 0 where they are all equal
///   SIDE.entropies             [layers, H, stages, entropies]
///   SIDE.bands                 [layers, H, stages, bands, fields]
///   SIDE.magnitude             [layers, H, 2, bins, width]  before and after rotation
///   SIDE.cosines               [layers, H, map tokens, width]
///   scores                     [layers, query heads, stages, bands, fields]
///   attention.last, .mean      [layers, query heads, bins]
/// What stands along each axis is in the metadata.
void add_tensors(reference::FileSet& files, const std::filesystem::path& path, const Survey& survey);

/// A line per query head, and what the bounds say, for the screen.
[[nodiscard]] std::string table_of(const Projections& projections, const Survey& survey);

}  // namespace spectrum
